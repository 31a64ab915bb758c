// HYDRA: a robust loss decides which weights to keep.
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { composite } from '../dsl/stages/composite.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { learnedMask, learnedMaskOptions } from '../operators/learnedMask.js'
import { trades, tradesOptions } from '../operators/trades.js'
import type { HasStudent } from '../training/network/network.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

const METHOD = 'hydra'

/** What {@link hydra} takes: all of `learnedMask` and `trades`. */
export const hydraOptions = declareOptions(METHOD, { ...learnedMaskOptions.fields, ...tradesOptions.fields })

/** Options of {@link hydra}: all of `learnedMask` and `trades`. */
export interface HydraOptions extends OptionsOf<typeof hydraOptions> {}

/**
 * `trades` → `learnedMask`: TRADES' loss L trains importance scores s, and then the weights w that the scores keep:
 *
 *     ŝ = argmin_s L(w∘m(s)),  w frozen;   then  min_w L(w∘m(ŝ)),   m(s) = 1 for the largest |s| of a layer, else 0
 *
 * The official code takes β = 6, 10 steps of 2/255 and ε = 8/255 on CIFAR-10, 20 epochs of scores and 100 of fine-tuning.
 *
 * @example
 * pipeline('hydra', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   hydra(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075, loss: 'kl', start: 'nearby' }),
 *     { pattern: 'irregular', rate: 10 }))
 * @throws OptionError for an attack or options that its stages do not accept
 * Source: Sehwag et al., "HYDRA: Pruning Adversarially Robust Neural Networks", NeurIPS 2020.
 */
export const hydra = (attack: AttackSchedule, options: HydraOptions): Op<HasStudent, HasTerms & HasTraining> => {
  const { beta, ...mask } = hydraOptions.read(options)
  const [loss, pruned] = [trades(attack, { beta }), learnedMask(mask)] as const
  return composite(METHOD, [loss, pruned], (source) => pruned(loss(source)))
}
