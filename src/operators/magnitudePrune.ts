// Pruning by magnitude, at once or gradually: the baseline of every other method.
import type { Tensor1D } from '@tensorflow/tfjs-core'
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { whole } from '../dsl/options/kinds.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import type { HasStudent } from '../training/network/network.js'
import { retrainingFields, targetFields } from '../training/pruning/maskOptions.js'
import { maskStage } from '../training/pruning/maskStage.js'
import { maskOf, settleMask } from '../training/pruning/pruning.js'
import { isDue, rampedTask } from '../training/pruning/ramp.js'
import { adam } from '../training/step/adam.js'
import { recipeOptions, recipeWith } from '../training/step/recipe.js'
import { constant, cosine } from '../training/step/schedule.js'

const STAGE = 'magnitudePrune'

/** What {@link magnitudePrune} takes. */
export const magnitudePruneOptions = declareOptions(STAGE, {
  ...targetFields,
  /** Epochs in which the share of pruned weights grows, ≥ 0; 0 prunes at once. @default 0 */
  epochs: whole(0, { unit: 'epochs' }).default(0),
  ...retrainingFields,
  /** Steps between two updates of the growing mask, ≥ 1. @default 100 */
  updateEvery: whole(1, { unit: 'steps' }).default(100),
  /** How the pruning phase is optimised. @default Adam, 1e-3, constant() */
  prune: recipeOptions.asOption().optional('Adam, 1e-3, constant()'),
  /** How the retraining is optimised. @default Adam, 1e-3, cosine() */
  retrain: recipeOptions.asOption().optional('Adam, 1e-3, cosine()'),
})

/** Options of {@link magnitudePrune}. */
export interface MagnitudePruneOptions extends OptionsOf<typeof magnitudePruneOptions> {}

/**
 * Prunes the weights of the smallest magnitude (groups: L2 norm), and retrains what is left:
 *
 *     at once:   W ← Π_S(W), mask fixed,  W ← W − lr·mask∘∂L
 *     gradual:   the same with S_t, a share of zeros s_t = s·(1 − (1 − t/T)³) every `updateEvery` steps, and S at the end
 *
 * A pruned weight stays pruned. The pruning phase trains with Adam, 1e-3; the retraining with Adam, 1e-3, cosine.
 *
 * @example
 * magnitudePrune({ pattern: 'irregular', rate: 4, retrainEpochs: 20 })
 * magnitudePrune({ pattern: 'irregular', rate: 16, epochs: 10, retrainEpochs: 10, updateEvery: 100 })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs or steps
 * Source: Han et al., NeurIPS 2015; gradual: Zhu, Gupta, "To prune, or not to prune", ICLR 2018 (workshop), whose
 * updates are 100 to 1000 steps apart.
 */
export const magnitudePrune = (options: MagnitudePruneOptions): Op<HasStudent & HasTerms, HasTraining> => {
  const read = magnitudePruneOptions.read(options)
  const { updateEvery } = read
  const settings = {
    ...read,
    prune: recipeWith({ optimizer: adam(), learningRate: 1e-3, schedule: constant() }, read.prune),
    retrain: recipeWith({ optimizer: adam(), learningRate: 1e-3, schedule: cosine() }, read.retrain),
  }
  return maskStage(
    STAGE,
    settings,
    (taskOf) => ({
      beforeStep: (student, memory, progress) => {
        if (!isDue(progress, updateEvery)) return
        const { architecture, weights } = student
        settleMask(
          student,
          maskOf(architecture, weights.dataSync<'float32'>(), rampedTask(taskOf(student, memory), progress)),
        )
      },
      // An optimizer's momentum would still move a weight that has just been pruned.
      realise: (student, _memory, moved) => tf.mul(moved, student.maskVector ?? 1) as Tensor1D,
    }),
    magnitudePruneOptions.config(settings),
  )
}
