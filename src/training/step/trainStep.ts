import type { Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../../dsl/errors.js'
import { drawn } from '../../dsl/kit/drawn.js'
import { traced } from '../../dsl/kit/traced.js'
import { canCompile } from '../../engine/graph/compiledGraph.js'
import { tf } from '../../engine/tf.js'
import { quadraticPenalty } from '../../math/quadraticPenalty.js'
import { type TrainedPass, weightGradients } from '../../models/compiled/training/weightGradient.js'
import { type BatchMoments, updatedStatistics } from '../../models/parameters/statistics.js'
import type { Student } from '../network/network.js'
import { givenToHead } from './givenToHead.js'
import type { TrainingMemory } from './memory.js'
import { type Advanced, inOneCall, obstacleOf } from './oneCall.js'
import type { Optimizer } from './optimizer.js'
import type { PhasePlan } from './phasePlan.js'
import type { StepInput } from './stepInput.js'

/** The losses of a step, summed and by term. */
export interface StepLosses {
  readonly loss: number
  readonly terms: Readonly<Record<string, number>>
}

/**
 * One minibatch: all terms in one forward pass and one gradient, the phase's own rule, the optimizer. Replaces the
 * weights and running statistics of the student and of its guide, if there is one, and the optimizer's slots; frees
 * everything else it makes.
 *
 * @throws RunError if a term is not finite or not a scalar, before anything is replaced
 */
export const trainStep = (input: StepInput): StepLosses => {
  const whole = inOneCall(input)
  if (whole) return taken(input, whole)
  return canCompile()
    ? traced(`operations one by one, for ${obstacleOf(input)}`, () => stepByStep(input))
    : stepByStep(input)
}

/** Takes over the results of a step in one call. */
const taken = (input: StepInput, { weights, slots, statistics, losses }: Advanced): StepLosses => {
  const { student, memory } = input
  const broken = firstBroken(losses)
  if (broken) {
    tf.dispose([weights, ...slots, ...(statistics ? [statistics] : [])])
    throw notFinite(input, broken)
  }
  student.replaceWeights(weights)
  if (statistics) student.replaceStatistics(statistics)
  for (const [i, slot] of slots.entries()) memory.setVector(slotName(0, i), slot)
  return { loss: Object.values(losses).reduce((sum, value) => sum + value, 0), terms: losses }
}

const firstBroken = (losses: StepLosses['terms']): [string, number] | undefined =>
  Object.entries(losses).find(([, value]) => !Number.isFinite(value))

const stepByStep = (input: StepInput): StepLosses => {
  const { student, guide, memory, plan } = input
  const named = new Map<string, Scalar>()
  const networks = guide ? [student, guide] : [student]
  const statistics: Tensor1D[][] = networks.map(() => [])
  try {
    const moved = tf.tidy(() => advanced(input, networks, named, statistics))
    const losses = readLosses(named)
    const broken = firstBroken(losses.terms)
    if (broken) {
      tf.dispose(moved)
      throw notFinite(input, broken)
    }
    for (const [which, network] of networks.entries()) {
      const [weights, ...slots] = moved[which] as [Tensor1D, ...Tensor1D[]]
      network.replaceWeights(weights)
      for (const seen of statistics[which]?.splice(0) ?? []) network.replaceStatistics(seen)
      for (const [i, slot] of slots.splice(0, plan.optimizer.slots).entries())
        memory.setVector(slotName(which, i), slot)
      for (const vector of slots) memory.setVector(plan.moves ?? '', vector)
    }
    return losses
  } finally {
    tf.dispose([...named.values(), ...statistics.flat()])
  }
}

/** The student's are `slot.0` …, its guide's `slot.guide.0` … */
const slotName = (network: number, i: number): string => (network === 0 ? `slot.${i}` : `slot.guide.${i}`)

/**
 * Each network's weights and the optimizer's slots after the step, followed by the student's own vector if the optimizer
 * does not update the weights themselves. `named` receives each summand of the loss, and `statistics` the running
 * statistics that the passes have updated, if any, to be freed or taken over.
 */
const advanced = (
  { plan, student, memory, minibatch, terms, step, learningRate }: StepInput,
  networks: readonly Student[],
  named: Map<string, Scalar>,
  statistics: readonly Tensor1D[][],
): Tensor1D[][] => {
  const { images, labels, views } = minibatch
  const indices = minibatch.unchanged ? minibatch.indices : undefined
  const active = terms.filter(({ phases }) => phases.includes(plan.phase))
  const batch = { images, labels, phase: plan.phase, views, indices }
  const bound = active.map((term) => ({
    name: term.name,
    loss: traced(`${term.name}, before the student`, () => term.bind(batch)),
  }))
  const summed = (passes: readonly TrainedPass[]): Scalar => {
    for (const [which, { moments }] of passes.entries()) {
      const running = networks[which]?.statistics
      if (running && running.size > 0) statistics[which]?.push(tf.keep(statisticsAfter(running, moments)))
    }
    const [pass, guide] = passes as [TrainedPass, TrainedPass | undefined]
    const outputs = {
      logits: pass.logits,
      get hidden() {
        return pass.hidden
      },
      get latent() {
        return pass.latent ?? {}
      },
      ...(guide ? { guide } : {}),
    }
    const losses = bound.map(({ name, loss }) => {
      const value = scalarOf(
        name,
        traced(name, () => loss(outputs)),
      )
      // A copy, kept beyond the recorded pass: the term's own value may be a constant of the user's.
      named.set(name, tf.keep(tf.clone(value)))
      return value
    })
    return losses.reduce((sum, loss) => tf.add(sum, loss) as Scalar)
  }
  let failed: { readonly thrown: unknown } | undefined
  // The values that a recorded pass has saved for its backward pass are freed only when the pass ends.
  const total = (passes: readonly TrainedPass[]): Scalar => {
    try {
      return summed(passes)
    } catch (thrown) {
      failed = { thrown }
      return passes.map(({ logits }) => tf.sum(logits) as Scalar).reduce((sum, next) => tf.add(sum, next) as Scalar)
    }
  }
  const blocks = blocksOf(images, views, student)
  const given = givenToHead(student.architecture, active, labels, blocks.length)
  const trained = networks.map(({ architecture, weights }, which) => ({
    architecture,
    weights,
    ...(which === 0 ? { images: blocks, given } : { images: [firstView(images, views)] }),
  }))
  const [raw, ...others] = weightGradients(trained, total) as [Tensor1D, ...Tensor1D[]]
  if (failed) throw failed.thrown
  const { whole, penalty } = traced('penalty or mask', () => adjusted(plan, student, memory, raw))
  // Pruned weights get no gradient, so that they stay exactly zero.
  const mask = plan.moves === undefined ? student.maskVector : undefined
  const gradient = mask ? (tf.mul(whole, mask) as Tensor1D) : whole
  if (penalty) named.set(penalty.name, tf.keep(penalty.loss))
  const update = (which: number, weights: Tensor1D, ofLoss: Tensor1D): ReturnType<Optimizer['update']> => {
    const slots = Array.from(
      { length: plan.optimizer.slots },
      (_, i) => memory.vector(slotName(which, i)) ?? (tf.zerosLike(weights) as Tensor1D),
    )
    const vectors = { weights, gradient: ofLoss, slots, step, learningRate }
    return traced('optimizer', () => plan.optimizer.update(vectors))
  }
  const own = update(0, movedBy(plan, student, memory), gradient)
  const realised = plan.realise?.(student, memory, own.weights) ?? own.weights
  return [
    [realised, ...own.slots, ...(plan.moves === undefined ? [] : [own.weights])],
    ...others.map((ofGuide, i) => {
      const guided = update(i + 1, networks[i + 1]?.weights ?? ofGuide, ofGuide)
      return [guided.weights, ...guided.slots]
    }),
  ]
}

/** The gradient after the phase's own rule, and an addition to the loss, by name. */
const adjusted = (plan: PhasePlan, student: Student, memory: TrainingMemory, raw: Tensor1D) => {
  const pull = plan.penalty?.(memory)
  if (!pull) return { whole: plan.adjust?.(student, memory, raw) ?? raw }
  const { name, target, price } = pull
  const { gradient, loss } = quadraticPenalty({ weights: student.weights, target, price, gradient: raw })
  return { whole: gradient, penalty: { name, loss } }
}

const movedBy = ({ moves }: PhasePlan, student: Student, memory: TrainingMemory): Tensor1D =>
  (moves === undefined ? undefined : memory.vector(moves)) ?? student.weights

/** Views are passed separately if batch normalisation would see the difference. */
const blocksOf = (images: Tensor4D, views: number, { statistics }: Student): readonly Tensor4D[] =>
  views === 1 || statistics.size === 0 ? [images] : tf.split(images, views)

const firstView = (images: Tensor4D, views: number): Tensor4D =>
  views === 1 ? images : tf.slice(images, 0, images.shape[0] / views)

/** Block by block, as PyTorch moves them pass by pass. */
const statisticsAfter = (running: Tensor1D, blocks: readonly (readonly BatchMoments[])[]): Tensor1D =>
  blocks.reduce((before, moments) => updatedStatistics(before, moments), running)

const scalarOf = (term: string, value: unknown): Scalar => {
  if (isTensor(value) && value.shape.length === 0) return value
  const shape = isTensor(value) ? value.shape : undefined
  throw new PwoaFailure({
    _tag: 'RunError',
    stage: term,
    expected: 'a loss that is one number',
    ...(shape
      ? { actual: `a tensor of shape [${shape.join(', ')}]`, hint: 'Take the mean or the sum over the minibatch.' }
      : {
          actual: value instanceof Promise ? 'a promise' : drawn(value),
          hint: 'The function of a loss returns a tensor at once, made with operations of tf: no promise, no plain number.',
        }),
  })
}

/** What a function of the user's returned, whatever its type says. */
const isTensor = (value: unknown): value is Scalar => value instanceof tf.Tensor

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
