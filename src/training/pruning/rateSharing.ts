import type { Tensor4D } from '@tensorflow/tfjs-core'
import { rejectOption } from '../../dsl/errors.js'
import { erdosRenyiRates, ratesByRank } from '../../math/allocation.js'
import { ruleOf } from '../../math/patterns.js'
import { groupSquares } from '../../math/projection.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from '../step/memory.js'
import { curvatureOf } from './curvature.js'
import { matrixOf, type PruningTask, weightShape } from './pruning.js'
import type { LayerRate } from './rates.js'

/**
 * How one rate for the whole is shared among the layers: the same for each (`uniform`); by the layers' shapes
 * (`erk`, Erdős–Rényi kernel); by the weights, of which the largest of all layers stay (`global`); or by what the
 * network's answers to the images of the first minibatch, natural or randomly perturbed, need (`learned`): as many stay
 * of a layer as it has among those whose w²·h is largest over all layers, h as in `curvatureOf`. Rates are all that is
 * settled: which weights of a layer stay is for the stage to find, by their magnitude as a rule.
 */
export type RateSharing = keyof typeof sharings

type Share = (where: Place, student: Student, images: Tensor4D) => ((budget: number) => readonly number[]) | undefined

/** What is pruned, and in which layers. */
interface Place {
  readonly stage: string
  readonly task: PruningTask
}

/** Groups by the mean of their weights' scores, so that large groups and small ones compete for a budget of weights. */
const byRank = (place: Place, values: Float32Array): ((budget: number) => readonly number[]) => {
  const { task } = place
  const layers = task.rates.map(({ parameter }) => {
    const squares = groupSquares(matrixOf(values, parameter), task.pattern) ?? new Float64Array(parameter.size)
    const groupSize = parameter.size / squares.length
    return { scores: squares.map((square) => square / groupSize), groupSize }
  })
  return (budget) => ratesByRank(layers, budget) ?? refuseBudget(place, budget)
}

/** A layer keeps one group at least, however the rate is shared. */
const refuseBudget = ({ stage, task }: Place, budget: number): never => {
  const size = task.rates.reduce((sum, { parameter }) => sum + parameter.size, 0)
  return rejectOption(
    stage,
    `a rate of at most ${(size / leastOf(task)).toFixed(1)}, which leaves one group in each layer`,
    size / budget,
  )
}

/** Number of weights that are kept if each layer keeps one group. */
export const leastOf = (task: PruningTask): number =>
  task.rates.reduce((sum, { parameter }, i) => sum + parameter.size / mostOf(task, i), 0)

/** The largest rate of a layer, which leaves one group. */
export const mostOf = ({ pattern, rates }: PruningTask, i: number): number => {
  const layer = rates[i]
  return (layer && ruleOf(pattern)?.limits(weightShape(layer.parameter)).most) ?? Infinity
}

/** How each shares: from a number of weights that may stay to rates by layer; undefined for those that the task has. */
const sharings = {
  /** The same for each. */
  uniform: () => undefined,
  /** By the shapes. */
  erk: (place) => (budget) => {
    const { task } = place
    if (leastOf(task) > budget) refuseBudget(place, budget)
    const shapes = task.rates.map(({ parameter }) => parameter.shape)
    return erdosRenyiRates(shapes, budget).map((rate, i) => Math.min(rate, mostOf(task, i)))
  },
  /** By magnitude, over all layers. */
  global: (place, { weights }) => byRank(place, weights.dataSync<'float32'>()),
  /** By the influence of the weights on the outputs. */
  learned: (place, student, images) => {
    const curvature = curvatureOf(student, images)
    const weights = student.weights.dataSync<'float32'>()
    return byRank(
      place,
      weights.map((value, i) => value * Math.sqrt(curvature[i] ?? 0)),
    )
  },
} as const satisfies Readonly<Record<string, Share>>

/** Their names. */
export const rateSharings = Object.keys(sharings) as readonly RateSharing[]

/** Settles the rates of a task before the first step: they are in the memory from then on. */
export const settleRates = (
  stage: string,
  sharing: RateSharing,
  task: PruningTask,
  {
    student,
    memory,
    images,
  }: { readonly student: Student; readonly memory: TrainingMemory; readonly images: Tensor4D },
): void => {
  const budget = task.rates.reduce((sum, { parameter, rate }) => sum + parameter.size / rate, 0)
  const found = sharedRates(stage, sharing, task, student, images)?.(budget)
  if (!found) return
  keepRates(
    task.rates.map((layer, i) => ({ ...layer, rate: found[i] ?? layer.rate })),
    memory,
  )
}

/** How a budget of weights is shared: the rate of each layer; undefined where each has its own. */
export const sharedRates = (
  stage: string,
  sharing: RateSharing,
  task: PruningTask,
  student: Student,
  images: Tensor4D,
) => {
  const share: Share = sharings[sharing]
  return share({ stage, task }, student, images)
}

/** Settles rates that were found. */
export const keepRates = (rates: readonly LayerRate[], memory: TrainingMemory): void => {
  for (const { parameter, rate } of rates) memory.setNumber(`${PREFIX}${parameter.node}`, rate)
}

/** The task with the rates that were settled for it. */
export const settledTask = (task: PruningTask, memory: TrainingMemory): PruningTask => ({
  ...task,
  rates: task.rates.map((layer) => ({
    ...layer,
    rate: memory.number(`${PREFIX}${layer.parameter.node}`, layer.rate),
  })),
})

const PREFIX = 'rate.'
