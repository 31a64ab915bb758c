// Pruning by learned importance: the loss decides which weights it needs (HYDRA).
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { whole } from '../dsl/options/kinds.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'
import { scoreRule } from '../training/pruning/importance.js'
import { retrainingFields, targetFields } from '../training/pruning/maskOptions.js'
import { maskStage } from '../training/pruning/maskStage.js'
import { recipeOptions, recipeWith } from '../training/step/recipe.js'
import { cosine } from '../training/step/schedule.js'
import { sgd } from '../training/step/sgd.js'

const STAGE = 'learnedMask'

/** What {@link learnedMask} takes. */
export const learnedMaskOptions = declareOptions(STAGE, {
  ...targetFields,
  /** Epochs in which the scores are trained, ≥ 0; 0 prunes by magnitude at once. @default 20 */
  epochs: whole(0, { unit: 'epochs' }).default(20),
  ...retrainingFields,
  /** How the pruning phase is optimised. @default SGD with momentum 0.9 and weight decay 1e-4, 0.1, cosine() */
  prune: recipeOptions.asOption().optional('SGD with momentum 0.9 and weight decay 1e-4, 0.1, cosine()'),
  /** How the retraining is optimised. @default SGD with momentum 0.9 and weight decay 1e-4, 0.01, cosine() */
  retrain: recipeOptions.asOption().optional('SGD with momentum 0.9 and weight decay 1e-4, 0.01, cosine()'),
})

/** Options of {@link learnedMask}. */
export interface LearnedMaskOptions extends OptionsOf<typeof learnedMaskOptions> {}

/**
 * Learns which weights to keep and fine-tunes them:
 *
 *     s = √(6/fan_in)·w / max|w|  at first;  W = w∘m(s),  m(s) = 1 for the largest |s| of a layer, the weights w frozen
 *     s ← s − lr·∂L/∂W∘w∘sign(s)                           (straight through m; scores phase)
 *     W ← w∘m(s), mask fixed,  W ← W − lr·mask∘∂L           (fine-tuning)
 *
 * As in the official code, biases and layers that are not pruned are frozen while the scores are trained, and batch
 * normalisation is trained throughout. Groups (filters, columns) are ranked by the L2 norm of their scores. Both phases
 * use SGD with momentum 0.9, weight decay 1e-4 and a cosine; learning rates 0.1 and 0.01.
 *
 * @example
 * learnedMask({ pattern: 'irregular', rate: 10, epochs: 20, retrainEpochs: 100 })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs
 * Source: Sehwag et al., "HYDRA: Pruning Adversarially Robust Neural Networks", NeurIPS 2020; defaults of the official
 * code.
 */
export const learnedMask = (options: LearnedMaskOptions): Op<HasStudent & HasTerms, HasTraining> => {
  const read = learnedMaskOptions.read(options)
  const recipe = { optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }), schedule: cosine() }
  const settings = {
    ...read,
    prune: recipeWith({ ...recipe, learningRate: 0.1 }, read.prune),
    retrain: recipeWith({ ...recipe, learningRate: 0.01 }, read.retrain),
  }
  return maskStage(STAGE, settings, scoreRule, learnedMaskOptions.config(settings))
}
