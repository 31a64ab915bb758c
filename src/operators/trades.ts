// TRADES: natural accuracy, and logits that an attack changes little.
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number } from '../dsl/options/kinds.js'
import type { HasTerms } from '../dsl/step.js'
import { tradesLoss } from '../math/trades.js'
import type { HasStudent } from '../training/network/network.js'
import { attackedPair } from '../training/views/attackedPair.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

const STAGE = 'trades'

/** What {@link trades} takes. */
export const tradesOptions = declareOptions(STAGE, {
  /** β ≥ 0: price of what an attack changes; 0 is plain cross entropy. The official code takes 1 on MNIST. @default 6 */
  beta: number({ least: 0 }).default(6),
})

/** Options of {@link trades}. */
export interface TradesOptions extends OptionsOf<typeof tradesOptions> {}

/**
 * Attacks the student on each minibatch and adds the term `trades`:
 *
 *     mean_i  −log softmax(f(x_i))_{y_i}  +  β·KL(softmax(f(x_i)) ‖ softmax(f(x'_i)))
 *
 * Later losses see the natural images and then the attacked ones; batch normalisation treats the two separately and
 * updates its running statistics with both, in this order. The official attack is PGD on the KL term:
 * CIFAR-10 ε 0.031, 10 steps of 0.007; MNIST ε 0.3, 40 steps of 0.01.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'),
 *   trades(pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01, loss: 'kl', start: 'nearby' }), { beta: 1 }),
 *   train({ epochs: 10 }))
 * @throws OptionError for β < 0, and what the attack of the first epoch throws
 * Source: Zhang et al., "Theoretically Principled Trade-off between Robustness and Accuracy", ICML 2019; defaults of
 * the official code for CIFAR-10.
 */
export const trades = (schedule: AttackSchedule, options: TradesOptions = {}): Op<HasStudent, HasTerms> => {
  const read = tradesOptions.read(options)
  return attackedPair(STAGE, schedule, {
    config: tradesOptions.config(read),
    loss: (logits, labels) => tradesLoss(logits, labels, read.beta),
  })
}
