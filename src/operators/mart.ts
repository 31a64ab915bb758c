// MART: adversarial training that gives misclassified examples more weight.
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number } from '../dsl/options/kinds.js'
import type { HasTerms } from '../dsl/step.js'
import { martLoss } from '../math/mart.js'
import type { HasStudent } from '../training/network/network.js'
import { attackedPair } from '../training/views/attackedPair.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

const STAGE = 'mart'

/** What {@link mart} takes. */
export const martOptions = declareOptions(STAGE, {
  /**
   * λ ≥ 0: price of what an attack changes where the network is wrong. The official loss function takes 6 by default.
   * @default 5
   */
  lambda: number({ least: 0 }).default(5),
})

/** Options of {@link mart}. */
export interface MartOptions extends OptionsOf<typeof martOptions> {}

/**
 * Attacks the student on each minibatch and adds the term `mart`, with p = softmax(f(x)) and q = softmax(f(x')):
 *
 *     mean_i  −log q_{y_i} − log(1.0001 − max_{k ≠ y_i} q_k)  +  λ·KL(p ‖ q)·(1 − p_{y_i})
 *
 * Later losses see the natural images and then the attacked ones; batch normalisation treats the two separately, as in
 * the official code. The official attack is PGD on cross entropy: CIFAR-10 ε 0.031, 10 steps of 0.007.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'), mart(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075, start: 'nearby' })),
 *   train({ epochs: 10 }))
 * @throws OptionError for λ < 0, and what the attack of the first epoch throws
 * Source: Wang et al., "Improving Adversarial Robustness Requires Revisiting Misclassified Examples", ICLR 2020; λ of
 * the paper.
 */
export const mart = (schedule: AttackSchedule, options: MartOptions = {}): Op<HasStudent, HasTerms> => {
  const read = martOptions.read(options)
  return attackedPair(STAGE, schedule, {
    config: martOptions.config(read),
    loss: (logits, labels) => martLoss(logits, labels, read.lambda),
  })
}
