import { rejectOption } from '../../dsl/errors.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { meanPathOf } from '../../models/head/head.js'
import type { Counts } from '../../models/parameters/counts.js'
import { type Parameter, parametersOf } from '../../models/parameters/parameters.js'

/**
 * How much to prune: one rate for every layer; a rate per layer by name (others stay whole); an overall rate, with some
 * layers fixed and one rate for all the others solved so that the whole meets it; or a budget of the shrunk network.
 */
export type Rate =
  | number
  | Readonly<Record<string, number>>
  | { readonly overall: number; readonly fixed: Readonly<Record<string, number>> }
  | Budget

/**
 * What the whole network may have when filters or channels are pruned and it is shrunk: `{ budget: 'flops', keep: 0.5 }`
 * is half the operations. Layers whose channels depend on each other lose the same ones.
 */
export type Budget = CountedBudget | LatencyBudget

/** A share of what follows from the description. */
interface CountedBudget {
  /** What is counted; see `Counts`. */
  readonly budget: keyof Counts
  /** The share that is kept, in (0, 1]. */
  readonly keep: number
}

/**
 * Time instead: `{ budget: 'latency', keep: 0.5 }` takes half as long, as measured before the first step on the engine and
 * the machine of the run. A resumed run keeps what was found.
 */
interface LatencyBudget {
  readonly budget: 'latency'
  /** The share that is kept, in (0, 1]. */
  readonly keep: number
  /** In the batch that is timed, ≥ 1. @default 1 */
  readonly images?: number
}

/** Layers that are left out of pruning: by name, or the one that gives the logits. */
export type Excluded = readonly string[] | 'last'

/** A weight tensor that is pruned, and its compression > 1. */
export interface LayerRate {
  readonly parameter: Parameter
  readonly rate: number
  /** Layers of one number lose the same groups: those whose norm over all of them is small. @default none */
  readonly together?: number
}

/**
 * The rate of each pruned layer. Layers go by their name (`fc1`) or their weight's (`fc1.weight`); biases are never
 * pruned. An overall rate counts the weights of all layers that are not excluded, kept ones too.
 *
 * @param exclude layers that are left out altogether
 * @throws OptionError for an unknown layer, a rate < 1, or an overall rate that the fixed layers make impossible
 */
export const layerRates = (
  stage: string,
  architecture: Architecture,
  rate: Exclude<Rate, Budget>,
  exclude: Excluded,
): readonly LayerRate[] => {
  const pruned = prunable(stage, architecture, exclude)
  const inUse = weightsInUse(architecture)
  const byName = (name: string): Parameter => weightOf(stage, inUse, name)
  const named = (rates: Readonly<Record<string, number>>): ReadonlyMap<Parameter, number> =>
    new Map(Object.entries(rates).map(([name, value]) => [byName(name), checkRate(stage, value)]))
  const all = (): ReadonlyMap<Parameter, number> => {
    if (typeof rate === 'number') return new Map(pruned.map((parameter) => [parameter, checkRate(stage, rate)]))
    if (!isOverall(rate)) return named(rate)
    return solveOverall(stage, pruned, checkRate(stage, rate.overall), named(rate.fixed))
  }
  return [...all()]
    .filter(([parameter, value]) => value > 1 && pruned.includes(parameter))
    .map(([parameter, value]) => ({ parameter, rate: value }))
}

/**
 * The weights of all layers in use but those excluded: what a stochastic head needs for its training only is never pruned.
 *
 * @throws OptionError for an unknown layer
 */
export const prunable = (stage: string, architecture: Architecture, exclude: Excluded): readonly Parameter[] => {
  const all = parametersOf(architecture).filter(({ role }) => role === 'weight')
  const inUse = weightsInUse(architecture)
  const left = new Set(exclude === 'last' ? inUse.slice(-1) : exclude.map((name) => weightOf(stage, all, name)))
  return inUse.filter((parameter) => !left.has(parameter))
}

const weightsInUse = (architecture: Architecture): readonly Parameter[] => {
  const used = new Set(parametersOf(meanPathOf(architecture)).map(({ name }) => name))
  return parametersOf(architecture).filter(({ role, name }) => role === 'weight' && used.has(name))
}

const weightOf = (stage: string, weights: readonly Parameter[], wanted: string): Parameter =>
  weights.find(({ name, node }) => name === wanted || node === wanted) ??
  rejectOption(stage, `a layer among ${weights.map(({ node }) => node).join(', ')}`, `"${wanted}"`)

/** Refuses a rate below 1. @throws OptionError */
export const checkRate = (stage: string, rate: number): number =>
  rate >= 1 && Number.isFinite(rate) ? rate : rejectOption(stage, 'rate >= 1', rate)

/** Every number in a rate, for checks before a network is known. */
export const ratesIn = (rate: Rate): readonly number[] => {
  if (typeof rate === 'number') return [rate]
  if (isBudget(rate)) return []
  return isOverall(rate) ? [rate.overall, ...Object.values(rate.fixed)] : Object.values(rate)
}

/** Whether a rate is a budget. */
export const isBudget = (rate: Rate): rate is Budget =>
  typeof rate === 'object' && 'budget' in rate && typeof rate.budget === 'string'

/** Whether a rate is an overall one. */
export const isOverall = (rate: Rate): rate is Extract<Rate, { readonly overall: number; readonly fixed: object }> =>
  typeof rate === 'object' && 'fixed' in rate && typeof rate.fixed === 'object'

const solveOverall = (
  stage: string,
  pruned: readonly Parameter[],
  overall: number,
  fixed: ReadonlyMap<Parameter, number>,
): ReadonlyMap<Parameter, number> => {
  const count = (parameters: readonly Parameter[]): number => parameters.reduce((sum, { size }) => sum + size, 0)
  const free = pruned.filter((parameter) => !fixed.has(parameter))
  const budget = count(pruned) / overall
  const spent = pruned.reduce((sum, parameter) => sum + parameter.size / (fixed.get(parameter) ?? Infinity), 0)
  if (free.length === 0) rejectOption(stage, 'at least one layer that is not fixed, to meet the overall rate', 'none')
  if (budget - spent < free.length)
    rejectOption(
      stage,
      `fixed layers that leave room in the ${Math.floor(budget)} weights of ${overall}x overall`,
      `${Math.ceil(spent)} weights in them`,
    )
  const solved = Math.max(1, count(free) / (budget - spent))
  return new Map(pruned.map((parameter) => [parameter, fixed.get(parameter) ?? solved]))
}
