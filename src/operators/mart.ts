// MART: adversarial training that looks most at the examples that the network gets wrong.
import { checkOptions } from '../dsl/checkOptions.js'
import { checkAtLeast } from '../dsl/checks.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms } from '../dsl/step.js'
import { martLoss } from '../math/mart.js'
import type { HasStudent } from '../training/network/network.js'
import { attackedPair } from '../training/views/attackedPair.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

/** Options of {@link mart}. */
export interface MartOptions {
  /**
   * λ ≥ 0: price of what an attack changes where the network is wrong. The official loss function takes 6 where none is
   * given. @default 5
   */
  readonly lambda?: number
}

/**
 * Attacks the student on each minibatch and adds the term `mart`, with p = softmax(f(x)) and q = softmax(f(x')):
 *
 *     mean_i  −log q_{y_i} − log(1.0001 − max_{k ≠ y_i} q_k)  +  λ·KL(p ‖ q)·(1 − p_{y_i})
 *
 * Losses behind it see the natural images and then the attacked ones; batch normalisation looks at each of the two by
 * itself, as in the official code. The official attack is PGD on cross entropy: CIFAR-10 ε 0.031, 10 steps of 0.007.
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
  const { lambda = 5 } = checkOptions('mart', options, { lambda: true })
  checkAtLeast('mart', 'lambda', lambda, 0)
  return attackedPair('mart', schedule, {
    config: { lambda },
    loss: (logits, labels) => martLoss(logits, labels, lambda),
  })
}
