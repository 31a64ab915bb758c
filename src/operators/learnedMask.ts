// Pruning by learned importance: the loss says which weights it needs (HYDRA).
import { checkOptions } from '../dsl/checkOptions.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'
import { scoreRule } from '../training/pruning/importance.js'
import { type MaskOptions, maskOptions, maskStage } from '../training/pruning/maskStage.js'
import { cosine } from '../training/step/schedule.js'
import { sgd } from '../training/step/sgd.js'

export interface LearnedMaskOptions extends MaskOptions {
  /** Epochs in which the scores are trained, ≥ 0; 0 prunes by magnitude at once. @default 20 */
  readonly epochs?: number
}

/**
 * Learns which weights to keep and fine-tunes them:
 *
 *     s = √(6/fan_in)·w / max|w|  at first;  W = w∘m(s),  m(s) = 1 for the largest |s| of a layer, the weights w frozen
 *     s ← s − lr·∂L/∂W∘w∘sign(s)                           (straight through m; scores phase)
 *     W ← w∘m(s), mask fixed,  W ← W − lr·mask∘∂L           (fine-tuning)
 *
 * As in the official code, biases and layers that are not pruned are frozen while the scores are trained, and batch
 * normalisation trains on. Groups (filters, columns) are ranked by the L2 norm of their scores. Both phases use SGD
 * with momentum 0.9, weight decay 1e-4 and a cosine; learning rates 0.1 and 0.01.
 *
 * @example
 * learnedMask({ pattern: 'irregular', rate: 10, epochs: 20, retrainEpochs: 100 })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs
 * Source: Sehwag et al., "HYDRA: Pruning Adversarially Robust Neural Networks", NeurIPS 2020; defaults of the official
 * code.
 */
export const learnedMask = (options: LearnedMaskOptions): Op<HasStudent & HasTerms, HasTraining> => {
  checkOptions('learnedMask', options, maskOptions)
  const recipe = { optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }), schedule: cosine() }
  const defaults = { epochs: 20, prune: { ...recipe, learningRate: 0.1 }, retrain: { ...recipe, learningRate: 0.01 } }
  return maskStage('learnedMask', options, defaults, scoreRule)
}
