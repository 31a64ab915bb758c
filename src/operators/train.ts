// Plain training: what makes a teacher.

import { checkOptions } from '../dsl/checkOptions.js'
import { checkPositive, checkWhole } from '../dsl/checks.js'
import { type Op, stage } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'
import { adam } from '../training/step/adam.js'
import { type Recipe, recipeConfig } from '../training/step/phasePlan.js'
import { cosine } from '../training/step/schedule.js'
import { trainer } from '../training/step/trainer.js'

/** Options of {@link train}. */
export interface TrainOptions extends Partial<Recipe> {
  /** Passes over the training set, ≥ 1. */
  readonly epochs: number
}

/**
 * Minimises the sum of the loss terms that act in phase `train`. Emits a step per minibatch, in numbers. A network that
 * was loaded with masks keeps what they prune at zero.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }))
 * @throws OptionError for fewer than 1 epoch or a learning rate ≤ 0
 */
export const train = (options: TrainOptions): Op<HasStudent & HasTerms, HasTraining> => {
  const {
    epochs,
    optimizer = adam(),
    learningRate = 1e-3,
    schedule = cosine(),
  } = checkOptions('train', options, { epochs: true, optimizer: true, learningRate: true, schedule: true })
  checkWhole('train', 'epochs', epochs, 1)
  checkPositive('train', 'learningRate', learningRate)
  const recipe = { optimizer, learningRate, schedule }
  return stage(
    {
      stage: 'train',
      config: { epochs, ...recipeConfig(recipe) },
      needs: ['student', 'terms'],
      adds: ['training'],
    },
    trainer({ stage: 'train', phases: [{ phase: 'train', epochs, ...recipe }] }),
  )
}
