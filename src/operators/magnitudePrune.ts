// Pruning by magnitude, at once or bit by bit: what every other method is compared with.
import type { Tensor1D } from '@tensorflow/tfjs-core'
import { checkOptions } from '../dsl/checkOptions.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import type { HasStudent } from '../training/network/network.js'
import { type MaskOptions, maskOptions, maskStage } from '../training/pruning/maskStage.js'
import { maskOf, settleMask } from '../training/pruning/pruning.js'
import { checkUpdateEvery, isDue, rampedTask } from '../training/pruning/ramp.js'
import { adam } from '../training/step/adam.js'
import { constant, cosine } from '../training/step/schedule.js'

export interface MagnitudePruneOptions extends MaskOptions {
  /** Epochs in which the share of pruned weights grows, ≥ 0; 0 prunes at once. @default 0 */
  readonly epochs?: number
  /** Steps between two updates of the growing mask, ≥ 1. @default 100 */
  readonly updateEvery?: number
}

/**
 * Prunes the weights of the smallest magnitude (groups: L2 norm), and retrains what is left:
 *
 *     at once:   W ← Π_S(W), mask fixed,  W ← W − lr·mask∘∂L
 *     gradual:   the same with S_t, a share of zeros s_t = s·(1 − (1 − t/T)³) every `updateEvery` steps, and S at the end
 *
 * A weight that is pruned stays so. The pruning phase trains with Adam, 1e-3; the retraining with Adam, 1e-3, cosine.
 *
 * @example
 * magnitudePrune({ pattern: 'irregular', rate: 4, retrainEpochs: 20 })
 * magnitudePrune({ pattern: 'irregular', rate: 16, epochs: 10, retrainEpochs: 10, updateEvery: 100 })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs or steps
 * Source: Han et al., NeurIPS 2015; gradual: Zhu, Gupta, "To prune, or not to prune", ICLR 2018 (workshop), whose
 * updates are 100 to 1000 steps apart.
 */
export const magnitudePrune = (options: MagnitudePruneOptions): Op<HasStudent & HasTerms, HasTraining> => {
  checkOptions('magnitudePrune', options, { ...maskOptions, updateEvery: true })
  const { updateEvery = 100 } = options
  checkUpdateEvery('magnitudePrune', updateEvery)
  const defaults = {
    epochs: 0,
    prune: { optimizer: adam(), learningRate: 1e-3, schedule: constant() },
    retrain: { optimizer: adam(), learningRate: 1e-3, schedule: cosine() },
  }
  return maskStage(
    'magnitudePrune',
    options,
    defaults,
    (taskOf) => ({
      beforeStep: (student, memory, progress) => {
        if (!isDue(progress, updateEvery)) return
        const { architecture, weights } = student
        settleMask(
          student,
          maskOf(architecture, weights.dataSync<'float32'>(), rampedTask(taskOf(student, memory), progress)),
        )
      },
      // An optimizer's momentum would go on moving a weight that has just been pruned.
      realise: (student, _memory, moved) => tf.mul(moved, student.maskVector ?? 1) as Tensor1D,
    }),
    { updateEvery },
  )
}
