// HYDRA: a robust loss says which weights to keep.
import { checkOptions } from '../dsl/checkOptions.js'
import { composite } from '../dsl/composite.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { type LearnedMaskOptions, learnedMask } from '../operators/learnedMask.js'
import { type TradesOptions, trades } from '../operators/trades.js'
import type { HasStudent } from '../training/network/network.js'
import { maskOptions } from '../training/pruning/maskStage.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

export interface HydraOptions extends LearnedMaskOptions, TradesOptions {}

/**
 * `trades` → `learnedMask`: TRADES' loss L trains importance scores s and then the weights w that they keep:
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
 * @throws OptionError what its stages throw
 * Source: Sehwag et al., "HYDRA: Pruning Adversarially Robust Neural Networks", NeurIPS 2020.
 */
export const hydra = (attack: AttackSchedule, options: HydraOptions): Op<HasStudent, HasTerms & HasTraining> => {
  const { beta, ...mask } = checkOptions('hydra', options, {
    ...maskOptions,
    beta: true,
  })
  const [loss, pruned] = [trades(attack, beta === undefined ? {} : { beta }), learnedMask(mask)] as const
  return composite('hydra', [loss, pruned], (source) => pruned(loss(source)))
}
