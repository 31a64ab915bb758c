// The way to a loss of one's own: a named term of the training loss.

import type { Scalar } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { checkOptions } from '../dsl/checkOptions.js'
import { enrich } from '../dsl/enrich.js'
import { rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import { allPhases, type Phase } from '../dsl/phases.js'
import type { HasTerms, LossTerm, NetworkOutputs, TermBatch } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'

/** Options of {@link lossTerm}. */
export interface LossTermOptions {
  /** Phases in which the term acts. @default all */
  readonly phases?: readonly Phase[]
}

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
  const { phases = allPhases } = checkOptions('lossTerm', options, { phases: true })
  if (name === '') rejectOption('lossTerm', 'a name', '""')
  if (phases.length === 0) rejectOption(name, 'at least one phase', 'none')
  const term: LossTerm = { name, phases, bind: (batch) => (outputs) => loss({ ...batch, ...outputs }) }
  return stage({ stage: name, config: { phases }, needs: ['student'], adds: ['terms'] }, (source) =>
    source.pipe(map((step) => enrich(name, step, { terms: [term] }))),
  )
}
