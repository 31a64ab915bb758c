// Pruning by a proximal gradient method: each step of the optimizer is followed by hard thresholding.
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { whole } from '../dsl/options/kinds.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import type { HasStudent } from '../training/network/network.js'
import { retrainingFields, targetFields } from '../training/pruning/maskOptions.js'
import { maskStage, PREFIX } from '../training/pruning/maskStage.js'
import { thresholded, thresholdsOf } from '../training/pruning/pruning.js'
import { isDue, rampedTask } from '../training/pruning/ramp.js'
import { adam } from '../training/step/adam.js'
import { recipeOptions, recipeWith } from '../training/step/recipe.js'
import { cosine, thirds } from '../training/step/schedule.js'

const STAGE = 'proximalMask'

/** What {@link proximalMask} takes. */
export const proximalMaskOptions = declareOptions(STAGE, {
  ...targetFields,
  /** Epochs of the proximal phase, ≥ 0; 0 prunes by magnitude at once. @default 50 */
  epochs: whole(0, { unit: 'epochs' }).default(50),
  ...retrainingFields,
  /** Steps between two updates of the thresholds, ≥ 1. @default 100 */
  updateEvery: whole(1, { unit: 'steps' }).default(100),
  /** How the pruning phase is optimised. @default Adam, 5e-4, thirds(epochs) */
  prune: recipeOptions.asOption().optional('Adam, 5e-4, thirds(epochs)'),
  /** How the retraining is optimised. @default Adam, 1e-3, cosine() */
  retrain: recipeOptions.asOption().optional('Adam, 1e-3, cosine()'),
})

/** Options of {@link proximalMask}. */
export interface ProximalMaskOptions extends OptionsOf<typeof proximalMaskOptions> {}

/**
 * Trains with an ℓ0 penalty by proximal gradient steps, prunes hard, and retrains what is left:
 *
 *     W ← prox(W − lr·∂L),   prox(w) = argmin_v ½(v − w)² + τ·1[v ≠ 0] = w·1[|w| > √(2τ)]      (hard thresholding)
 *     W ← Π_S(W), mask fixed  W ← W − lr·mask∘∂L                                                (retraining)
 *
 * Groups (filters, columns) are kept or dropped by their L2 norm. Each layer's threshold √(2τ) is set every
 * `updateEvery` steps so that its share of zeros is s·(1 − (1 − t/T)³), and reaches s at the end. Unlike under a mask, a
 * zeroed weight keeps its gradient and returns if one step moves it past the threshold; at the usual learning rates few
 * do. Adam, 5e-4, a tenth at each third of the phase; the retraining Adam, 1e-3, cosine.
 *
 * @example
 * proximalMask({ pattern: 'irregular', rate: 4, epochs: 10, retrainEpochs: 20 })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs or steps
 * Source: Parikh, Boyd, "Proximal Algorithms", 2014; as APD in Jian et al., ICDM 2022. How the thresholds rise is ours.
 */
export const proximalMask = (options: ProximalMaskOptions): Op<HasStudent & HasTerms, HasTraining> => {
  const read = proximalMaskOptions.read(options)
  const { epochs, updateEvery } = read
  const settings = {
    ...read,
    prune: recipeWith({ optimizer: adam(), learningRate: 5e-4, schedule: thirds(Math.max(1, epochs)) }, read.prune),
    retrain: recipeWith({ optimizer: adam(), learningRate: 1e-3, schedule: cosine() }, read.retrain),
  }
  return maskStage(
    STAGE,
    settings,
    (taskOf) => ({
      beforeStep: (student, memory, progress) => {
        if (!isDue(progress, updateEvery)) return
        const task = rampedTask(taskOf(student, memory), progress)
        const found = thresholdsOf(student.weights.dataSync<'float32'>(), task)
        for (const [i, threshold] of found.entries()) memory.setNumber(thresholdName(i), threshold)
      },
      realise: (student, memory, moved) => {
        const threshold = (i: number): number => memory.number(thresholdName(i), 0)
        return tf.tensor1d(thresholded(moved.dataSync<'float32'>(), taskOf(student, memory), threshold))
      },
    }),
    proximalMaskOptions.config(settings),
  )
}

const thresholdName = (layer: number): string => `${PREFIX}threshold.${layer}`
