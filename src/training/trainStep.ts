import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../dsl/errors.js'
import type { LossTerm, Minibatch } from '../dsl/step.js'
import { traced } from '../dsl/traced.js'
import { tf } from '../engine/tf.js'
import type { ForwardPass } from '../models/forward.js'
import { updatedStatistics } from '../models/statistics.js'
import { weightGradient } from '../models/weightGradient.js'
import type { TrainingMemory } from './memory.js'
import type { Student } from './network.js'
import type { Adjusted, PhasePlan } from './phasePlan.js'

/** One step of a phase: what it works on. */
export interface StepInput {
  readonly stage: string
  readonly plan: PhasePlan
  readonly student: Student
  readonly memory: TrainingMemory
  readonly terms: readonly LossTerm[]
  readonly minibatch: Minibatch
  /** Steps done in this phase, this one included. */
  readonly step: number
  readonly learningRate: number
}

/** The losses of a step, summed and by term. */
export interface StepLosses {
  readonly loss: number
  readonly terms: Readonly<Record<string, number>>
}

/**
 * One minibatch: all terms in one forward pass and one gradient, the phase's own rule, the optimizer. Replaces the
 * student's weights and running statistics and the optimizer's slots; frees everything else it makes.
 *
 * @throws RunError where a term is not finite or not a scalar, before anything has been replaced
 */
export const trainStep = (input: StepInput): StepLosses => {
  const { student, memory } = input
  const named = new Map<string, Scalar>()
  const statistics: Tensor1D[] = []
  try {
    const [weights, ...slots] = tf.tidy(() => advanced(input, named, statistics))
    const losses = readLosses(named)
    const broken = Object.entries(losses.terms).find(([, value]) => !Number.isFinite(value))
    if (broken) {
      tf.dispose([weights, ...slots])
      throw notFinite(input, broken)
    }
    student.replaceWeights(weights)
    for (const seen of statistics.splice(0)) student.replaceStatistics(seen)
    for (const [i, slot] of slots.entries()) memory.setVector(slotName(i), slot)
    return losses
  } finally {
    tf.dispose([...named.values(), ...statistics])
  }
}

const slotName = (i: number): string => `slot.${i}`

/**
 * The weights and the optimizer's slots after the step; `named` gets each summand of the loss and `statistics` the
 * running statistics that the pass has moved, if there are any, to be freed or taken over.
 */
const advanced = (
  { plan, student, memory, minibatch, terms, step, learningRate }: StepInput,
  named: Map<string, Scalar>,
  statistics: Tensor1D[],
): [Tensor1D, ...Tensor1D[]] => {
  const { images, labels } = minibatch
  const indices = minibatch.unchanged ? minibatch.indices : undefined
  const active = terms.filter(({ phases }) => phases.includes(plan.phase))
  const bound = active.map((term) => ({
    name: term.name,
    loss: traced(`${term.name}, before the student`, () => term.bind({ images, labels, phase: plan.phase, indices })),
  }))
  const summed = (pass: ForwardPass): Scalar => {
    const { moments } = pass
    if (moments.length > 0) statistics.push(tf.keep(updatedStatistics(student.statistics, moments)))
    const losses = bound.map(({ name, loss }) => {
      const value = scalarOf(
        name,
        traced(name, () => loss(pass)),
      )
      // A copy, kept beyond the recorded pass: the term's own value may be a constant of the user's.
      named.set(name, tf.keep(tf.clone(value)))
      return value
    })
    return losses.reduce((sum, loss) => tf.add(sum, loss) as Scalar)
  }
  let failed: { readonly thrown: unknown } | undefined
  // What a recorded pass has saved for its way back is only freed when the pass comes to its end.
  const total = (pass: ForwardPass): Scalar => {
    try {
      return summed(pass)
    } catch (thrown) {
      failed = { thrown }
      return tf.sum(pass.logits)
    }
  }
  const raw = weightGradient(student.architecture, student.weights, images, total)
  if (failed) throw failed.thrown
  const adjusted = traced('penalty or mask', () => plan.adjust?.(student, memory, raw))
  const { gradient, penalty }: Adjusted = adjusted ?? { gradient: raw }
  if (penalty) named.set(penalty.name, tf.keep(penalty.loss))
  const { optimizer } = plan
  const slots = Array.from(
    { length: optimizer.slots },
    (_, i) => memory.vector(slotName(i)) ?? (tf.zerosLike(student.weights) as Tensor1D),
  )
  const vectors = { weights: student.weights, gradient, slots, step, learningRate }
  const updated = traced('optimizer', () => optimizer.update(vectors))
  return [updated.weights, ...updated.slots]
}

const scalarOf = (term: string, value: Scalar): Scalar => {
  const shape: readonly number[] = value.shape
  if (shape.length === 0) return value
  throw new PwoaFailure({
    _tag: 'RunError',
    stage: term,
    expected: 'a loss that is one number',
    actual: `a tensor of shape [${shape.join(', ')}]`,
    hint: 'Take the mean or the sum over the minibatch.',
  })
}

/** Reads all losses back at once. */
const readLosses = (named: ReadonlyMap<string, Scalar>): StepLosses => {
  const values = Float32Array.from(tf.tidy(() => tf.stack([...named.values()]).dataSync()))
  const terms = Object.fromEntries([...named.keys()].map((name, i) => [name, values[i] ?? Number.NaN]))
  return { loss: values.reduce((sum, value) => sum + value, 0), terms }
}

const notFinite = ({ stage, plan, minibatch, step }: StepInput, [term, value]: [string, number]): PwoaFailure =>
  new PwoaFailure({
    _tag: 'RunError',
    stage,
    expected: 'a finite loss',
    actual: `${value} in term "${term}" at step ${step} of phase ${plan.phase} (epoch ${minibatch.epoch + 1}, minibatch ${minibatch.batch + 1})`,
    hint: 'The last good checkpoint is kept. A smaller learning rate often helps.',
  })
