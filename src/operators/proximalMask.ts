// Pruning by a proximal gradient method: each step of the optimizer is followed by hard thresholding.
import { checkOptions } from '../dsl/checkOptions.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import type { HasStudent } from '../training/network/network.js'
import { type MaskOptions, maskOptions, maskStage, PREFIX } from '../training/pruning/maskStage.js'
import { thresholded, thresholdsOf } from '../training/pruning/pruning.js'
import { checkUpdateEvery, isDue, rampedTask } from '../training/pruning/ramp.js'
import { adam } from '../training/step/adam.js'
import { cosine, thirds } from '../training/step/schedule.js'

export interface ProximalMaskOptions extends MaskOptions {
  /** Epochs of the proximal phase, ≥ 0; 0 prunes by magnitude at once. @default 50 */
  readonly epochs?: number
  /** Steps between two updates of the thresholds, ≥ 1. @default 100 */
  readonly updateEvery?: number
}

/**
 * Trains with an ℓ0 penalty by proximal gradient steps, prunes hard, and retrains what is left:
 *
 *     W ← prox(W − lr·∂L),   prox(w) = argmin_v ½(v − w)² + τ·1[v ≠ 0] = w·1[|w| > √(2τ)]      (hard thresholding)
 *     W ← Π_S(W), mask fixed  W ← W − lr·mask∘∂L                                                (retraining)
 *
 * Groups (filters, columns) are kept or dropped by their L2 norm. Each layer's threshold √(2τ) is set every
 * `updateEvery` steps so that its share of zeros is s·(1 − (1 − t/T)³), and reaches the wanted s at the end. Unlike
 * under a mask, a zeroed weight has its gradient, and comes back where one step takes it past the threshold: at the usual
 * learning rates few do. Adam, 5e-4, a tenth at each third of the phase; the retraining Adam, 1e-3, cosine.
 *
 * @example
 * proximalMask({ pattern: 'irregular', rate: 4, epochs: 10, retrainEpochs: 20 })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs or steps
 * Source: Parikh, Boyd, "Proximal Algorithms", 2014; as APD in Jian et al., ICDM 2022. How the thresholds rise is ours.
 */
export const proximalMask = (options: ProximalMaskOptions): Op<HasStudent & HasTerms, HasTraining> => {
  checkOptions('proximalMask', options, { ...maskOptions, updateEvery: true })
  const { epochs = 50, updateEvery = 100 } = options
  checkUpdateEvery('proximalMask', updateEvery)
  const defaults = {
    epochs,
    prune: { optimizer: adam(), learningRate: 5e-4, schedule: thirds(Math.max(1, epochs)) },
    retrain: { optimizer: adam(), learningRate: 1e-3, schedule: cosine() },
  }
  return maskStage(
    'proximalMask',
    options,
    defaults,
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
    { updateEvery },
  )
}

const thresholdName = (layer: number): string => `${PREFIX}threshold.${layer}`
