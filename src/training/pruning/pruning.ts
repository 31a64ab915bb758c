import type { Tensor1D } from '@tensorflow/tfjs-core'
import type { ParameterCounts } from '../../dsl/figures.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { positive } from '../../dsl/options/kinds.js'
import { tf } from '../../engine/tf.js'
import { residualsOf, updateSplit } from '../../math/admm.js'
import type { Pattern } from '../../math/patterns.js'
import { projectionMasks, projectionThreshold, thresholdMasks } from '../../math/projection.js'
import type { WeightMatrix, WeightShape } from '../../math/weightMatrix.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { meanPathOf } from '../../models/head/head.js'
import { countsOf, keptFlops } from '../../models/parameters/counts.js'
import { type Parameter, parameterCount } from '../../models/parameters/parameters.js'
import { transferValues } from '../../models/parameters/transferValues.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from '../step/memory.js'
import type { PhasePlan } from '../step/phasePlan.js'
import type { LayerRate } from './rates.js'

/** What is pruned and how, determined as soon as the network is known. */
export interface PruningTask {
  readonly pattern: Pattern
  readonly rates: readonly LayerRate[]
}

/** The task of a student, with its determined rates. */
export type TaskOf = (student: Student, memory: TrainingMemory) => PruningTask

/** Π_S as a mask of the whole flat vector: 1 for all that is not pruned. */
export const maskOf = (architecture: Architecture, weights: Float32Array, task: PruningTask): Float32Array => {
  const mask = new Float32Array(parameterCount(architecture)).fill(1)
  for (const { rate, layers } of setsOf(task)) {
    const masks = projectionMasks(matricesOf(weights, layers), task.pattern, rate)
    for (const [i, { parameter }] of layers.entries()) mask.set(masks[i] ?? [], parameter.offset)
  }
  return mask
}

/** Layers that lose the same groups, and their rate; usually a single layer. */
interface LayerSet {
  readonly rate: number
  readonly layers: readonly LayerRate[]
}

const setsOf = ({ rates }: PruningTask): readonly LayerSet[] => {
  const alone = rates.filter(({ together }) => together === undefined)
  const joined = new Set(rates.flatMap(({ together }) => together ?? []))
  return [
    ...alone.map((layer) => ({ rate: layer.rate, layers: [layer] })),
    ...[...joined].map((number) => {
      const layers = rates.filter(({ together }) => together === number)
      return { rate: layers[0]?.rate ?? 1, layers }
    }),
  ]
}

/** A weight as patterns see it. */
export const weightShape = ({ size, shape, groups, torchAxes: [places] }: Parameter): WeightShape => {
  const columns = shape.at(-1) ?? 1
  return {
    rows: size / columns,
    columns,
    places: { count: places.count, of: shape.length === 4 ? 'kernel' : 'image' },
    groups,
  }
}

/** The values of a weight, out of a flat vector. */
export const matrixOf = (vector: Float32Array, parameter: Parameter): WeightMatrix => ({
  ...weightShape(parameter),
  values: vector.subarray(parameter.offset, parameter.offset + parameter.size),
})

const matricesOf = (weights: Float32Array, layers: readonly LayerRate[]): readonly WeightMatrix[] =>
  layers.map(({ parameter }) => matrixOf(weights, parameter))

/** The thresholds at which hard thresholding is Π_S: one for each layer, or for those that lose the same groups. */
export const thresholdsOf = (weights: Float32Array, task: PruningTask): readonly number[] =>
  setsOf(task).map(({ rate, layers }) => projectionThreshold(matricesOf(weights, layers), task.pattern, rate))

/** A copy in which the task's layers are thresholded, with the thresholds of `thresholdsOf` or 0 for a missing one. */
export const thresholded = (
  weights: Float32Array,
  task: PruningTask,
  threshold: (index: number) => number,
): Float32Array => {
  const kept = weights.slice()
  for (const [i, { layers }] of setsOf(task).entries()) {
    const masks = thresholdMasks(matricesOf(weights, layers), task.pattern, threshold(i))
    for (const [l, mask] of masks.entries()) {
      const offset = layers[l]?.parameter.offset ?? 0
      for (let at = 0; at < mask.length; at++) if (mask[at] === 0) kept[offset + at] = 0
    }
  }
  return kept
}

/** Settings of ADMM's ρ. */
export const penaltyOptions = declareOptions('rho', {
  /** ρ at first, > 0. */
  initial: positive(),
  /** Factor of ρ at each update of Z and U, > 0. */
  growth: positive(),
  /** Largest ρ, > 0. */
  max: positive(),
})

/** ρ of the ADMM penalty over the phase: ρ ← min(`max`, `growth`·ρ) at each update of Z and U. */
export interface PenaltySchedule extends OptionsOf<typeof penaltyOptions> {}

/**
 * The ADMM phase's rule: the penalty ρ/2·‖W − Z + U‖² over the pruned layers, Z = Π_S(W) and U = 0 at first, and
 * every `updateEvery` epochs Z ← Π_S(W + U), U ← U + W − Z. Z is a projected copy; W itself is not touched.
 */
export const admmRule = (
  task: TaskOf,
  updateEvery: number,
  rho: PenaltySchedule,
): Pick<PhasePlan, 'begin' | 'beginEpoch' | 'penalty'> => {
  const project = (student: Student, memory: TrainingMemory): void => {
    const w = student.weights.dataSync<'float32'>()
    const u = memory.vector('admm.u')?.dataSync<'float32'>()
    const split = updateSplit(w, u, (sum) => maskOf(student.architecture, sum, task(student, memory)))
    setResiduals(memory, w, split.z)
    memory.setVector('admm.u', tf.tensor1d(split.u, 'float32'))
    memory.setVector('admm.target', tf.tensor1d(split.z.map((value, i) => value - (split.u[i] ?? 0))))
  }
  /** ρ for each weight of the pruned layers, 0 for all others. */
  const setPrice = (student: Student, memory: TrainingMemory, factor: number): void => {
    memory.setNumber('admm.rho', factor)
    memory.setVector('admm.price', tf.tensor1d(onPrunedLayers(student.architecture, task(student, memory), factor)))
  }
  return {
    begin: (student, memory) => {
      setPrice(student, memory, rho.initial)
      project(student, memory)
    },
    beginEpoch: (student, memory, epoch) => {
      if (epoch % updateEvery !== 0) return []
      if (epoch > 0) {
        project(student, memory)
        setPrice(student, memory, Math.min(rho.max, memory.number('admm.rho', rho.initial) * rho.growth))
      }
      const [now, primal, dual] = ['rho', 'primal', 'dual'].map((name) => memory.number(`admm.${name}`, 0))
      return [{ type: 'admm', epoch, rho: now ?? 0, primal: primal ?? 0, dual: dual ?? 0 }]
    },
    penalty: (memory) => {
      const [target, price] = [memory.vector('admm.target'), memory.vector('admm.price')] as [Tensor1D, Tensor1D]
      return { name: 'admm', target, price }
    },
  }
}

/** The residuals over the pruned layers. */
const setResiduals = (memory: TrainingMemory, w: Float32Array, z: Float32Array): void => {
  const [price, target, u] = ['price', 'target', 'u'].map((name) =>
    memory.vector(`admm.${name}`)?.dataSync<'float32'>(),
  )
  // Z before, as Z − U and U hold it.
  const before = target && u ? Float64Array.from(target, (value, i) => value + (u[i] ?? 0)) : undefined
  const { primal, dual } = residualsOf(
    { w, z, before, rho: memory.number('admm.rho', 0) },
    (i) => (price?.[i] ?? 0) > 0,
  )
  memory.setNumber('admm.primal', primal)
  memory.setNumber('admm.dual', dual)
}

/** W ← Π_S(W), and the mask is settled. */
export const hardPrune = (student: Student, task: PruningTask): void =>
  settleMask(student, maskOf(student.architecture, student.weights.dataSync<'float32'>(), task))

/** Gives the student the mask and zeroes what it prunes. Weights that were pruned before stay pruned. */
export const settleMask = (student: Student, mask: Float32Array): void => {
  const weights = Float32Array.from(student.weights.dataSync())
  const before = student.mask
  const both = before ? mask.map((bit, i) => bit * (before[i] ?? 1)) : mask
  student.mask = both
  student.replaceWeights(tf.tensor1d(weights.map((value, i) => (both[i] === 0 ? 0 : value))))
}

/** `value` for the weights of pruned layers, else 0. */
const onPrunedLayers = (architecture: Architecture, { rates }: PruningTask, value: number): Float32Array => {
  const layers = new Float32Array(parameterCount(architecture))
  for (const { parameter } of rates) layers.fill(value, parameter.offset, parameter.offset + parameter.size)
  return layers
}

/**
 * How many parameters there are and how many the mask keeps, of the network in use: a stochastic head that is there in
 * training only costs nothing later.
 */
export const countKept = ({ architecture, mask }: Student, task: PruningTask): ParameterCounts => {
  const bits = mask ?? new Float32Array(parameterCount(architecture)).fill(1)
  const ones = (from: number, to: number): number => bits.subarray(from, to).reduce((sum, bit) => sum + bit, 0)
  const prunable = task.rates.reduce((sum, { parameter }) => sum + parameter.size, 0)
  const prunableKept = task.rates.reduce(
    (sum, { parameter }) => sum + ones(parameter.offset, parameter.offset + parameter.size),
    0,
  )
  const inUse = meanPathOf(architecture)
  const bitsInUse = transferValues(architecture, bits, inUse)
  return {
    total: bitsInUse.length,
    kept: bitsInUse.reduce((sum, bit) => sum + bit, 0),
    prunable,
    prunableKept,
    flops: countsOf(inUse).flops,
    flopsKept: keptFlops(inUse, bitsInUse),
  }
}
