// Plain training: what makes a teacher.
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { positive, whole } from '../dsl/options/kinds.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'
import { adam } from '../training/step/adam.js'
import { optimizerOption } from '../training/step/optimizer.js'
import { cosine, scheduleOption } from '../training/step/schedule.js'
import { trainer } from '../training/step/trainer.js'

const STAGE = 'train'

/** What {@link train} takes. */
export const trainOptions = declareOptions(STAGE, {
  /** Passes over the training set, ≥ 1. */
  epochs: whole(1, { unit: 'epochs' }),
  /** The method that turns gradients into steps. @default adam() */
  optimizer: optimizerOption().default(adam()),
  /** Learning rate > 0. @default 1e-3 */
  learningRate: positive().default(1e-3),
  /** How the learning rate changes during training. @default cosine() */
  schedule: scheduleOption().default(cosine()),
})

/** Options of {@link train}. */
export interface TrainOptions extends OptionsOf<typeof trainOptions> {}

/**
 * Minimises the sum of the loss terms that act in phase `train`, by gradient steps over shuffled minibatches. Emits
 * metrics for each minibatch. A network that was loaded with masks keeps its pruned weights at zero.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }))
 * @throws OptionError for fewer than 1 epoch or a learning rate ≤ 0
 * Source: Robbins, Monro, "A Stochastic Approximation Method", 1951; optimizer: Kingma, Ba, ICLR 2015; schedule:
 * Loshchilov, Hutter, "SGDR", ICLR 2017.
 */
export const train = (options: TrainOptions): Op<HasStudent & HasTerms, HasTraining> => {
  const read = trainOptions.read(options)
  return stage(
    { stage: STAGE, config: trainOptions.config(read), needs: ['student', 'terms'], adds: ['training'] },
    trainer({ stage: STAGE, phases: [{ phase: 'train', ...read }] }),
  )
}
