import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../dsl/errors.js'
import type { LossTerm, Minibatch } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { forward, unflatten } from '../models/forward.js'
import type { TrainingMemory } from './memory.js'
import type { Student } from './network.js'
import type { PhasePlan } from './phasePlan.js'

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
 * student's weights and the optimizer's slots; frees everything else it makes.
 *
 * @throws RunError where a term is not finite, before anything has been replaced
 */
export const trainStep = (input: StepInput): StepLosses => {
  const { plan, student, memory, minibatch, terms } = input
  const { images, labels } = minibatch
  const active = terms.filter(({ phases }) => phases.includes(plan.phase))
  const slotNames = Array.from({ length: plan.optimizer.slots }, (_, i) => `slot.${i}`)
  const named = new Map<string, Scalar>()
  const next = tf.tidy(() => {
    const bound = active.map((term) => ({
      name: term.name,
      loss: term.bind({ images, labels, phase: plan.phase }),
    }))
    const total = (weights: Tensor): Scalar => {
      const outputs = forward(student.architecture, unflatten(student.architecture, weights as Tensor1D), images)
      const losses = bound.map(({ name, loss }) => {
        // Kept beyond the recorded pass, to be read with the others at the end of the step.
        const value = tf.keep(loss(outputs))
        named.set(name, value)
        return value
      })
      return losses.reduce((sum, loss) => tf.add(sum, loss) as Scalar)
    }
    const raw = tf.grad(total)(student.weights) as Tensor1D
    const { gradient, penalty } = plan.adjust?.(student, memory, raw) ?? { gradient: raw }
    if (penalty) named.set(penalty.name, tf.keep(penalty.loss))
    const slots = slotNames.map((name) => memory.vector(name) ?? (tf.zerosLike(student.weights) as Tensor1D))
    const { optimizer } = plan
    const updated = optimizer.update({
      weights: student.weights,
      gradient,
      slots,
      step: input.step,
      learningRate: input.learningRate,
    })
    return [updated.weights, ...updated.slots]
  })
  const losses = readLosses(named)
  const broken = Object.entries(losses.terms).find(([, value]) => !Number.isFinite(value))
  if (broken) {
    tf.dispose(next)
    throw notFinite(input, broken)
  }
  const [weights, ...slots] = next
  student.replaceWeights(weights as Tensor1D)
  for (const [i, name] of slotNames.entries()) memory.setVector(name, slots[i] as Tensor1D)
  return losses
}

/** Reads all losses back at once, and frees them. */
const readLosses = (named: ReadonlyMap<string, Scalar>): StepLosses => {
  const scalars = [...named.values()]
  const values = Float32Array.from(tf.tidy(() => tf.stack(scalars).dataSync()))
  tf.dispose(scalars)
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
