// A custom loss: a named term of the training loss.
import type { Scalar } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf, readArgument } from '../dsl/options/declare.js'
import { callback, text } from '../dsl/options/kinds.js'
import { phasesOption } from '../dsl/options/languageTypes.js'
import { allPhases } from '../dsl/phases.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasTerms, LossTerm, NetworkOutputs, TermBatch } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'

const STAGE = 'lossTerm'

/** What {@link lossTerm} takes. */
export const lossTermOptions = declareOptions(STAGE, {
  /** Phases in which the term acts. @default all */
  phases: phasesOption().default(allPhases),
})

/** Options of {@link lossTerm}. */
export interface LossTermOptions extends OptionsOf<typeof lossTermOptions> {}

/**
 * Adds a loss term: a differentiable function of the student's logits and hidden activations, and of the minibatch's
 * images and labels, to a scalar. It is summed with the others in one forward pass, and appears in the metrics by name.
 *
 * @example
 * const logitNorm = (weight: number) =>
 *   lossTerm('logitNorm', ({ logits }) => tf.mul(tf.mean(tf.square(logits)), weight))
 * @throws OptionError for an empty name or no phases
 */
export const lossTerm = (
  name: string,
  loss: (inputs: TermBatch & NetworkOutputs) => Scalar,
  options: LossTermOptions = {},
): Op<HasStudent, HasTerms> => {
  readArgument(STAGE, 'name', text('the name of the term'), name)
  readArgument(STAGE, 'loss', callback('a function that returns a scalar'), loss)
  const read = lossTermOptions.read(options)
  const { phases } = read
  const term: LossTerm = { name, phases, bind: (batch) => (outputs) => loss({ ...batch, ...outputs }) }
  return stage({ stage: name, config: lossTermOptions.config(read), needs: ['student'], adds: ['terms'] }, (source) =>
    source.pipe(map((step) => enrich(name, step, { terms: [term] }))),
  )
}
