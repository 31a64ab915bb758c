import { rejectOption } from '../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, either, list, number, record, share, text, whole } from '../../dsl/options/kinds.js'
import { guarded, type Option } from '../../dsl/options/option.js'
import { cForms } from '../../io/checkpoints/c/footprint.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { meanPathOf } from '../../models/head/head.js'
import { type Parameter, parametersOf } from '../../models/parameters/parameters.js'

const rateOfLayer = number({ least: 1 })

/** One rate for all layers together. */
export const overallRateOptions = declareOptions('rate', {
  /** Rate of all layers together, ≥ 1. */
  overall: number({ least: 1 }),
  /** Rates of single layers by name, each ≥ 1. One rate for all other layers is solved for. */
  fixed: record(number({ least: 1 })),
})

const budgets = ['parameters', 'flops', 'latency', 'flash', 'ram'] as const

/** An option: one of some budgets. Its error names all of them. */
const budgetOf = <const B extends (typeof budgets)[number]>(...words: readonly B[]): Option<B> =>
  guarded({ expected: (name) => `${name} among ${budgets.join(', ')}`, choices: budgets }, (value): value is B =>
    words.some((known) => known === value),
  )

/** A share of the network's parameters or operations. */
export const countedBudgetOptions = declareOptions('rate', {
  /** The figure that is counted; see `Counts`. */
  budget: budgetOf('parameters', 'flops'),
  /** The share that is kept, in (0, 1]. */
  keep: share(),
})

/** A share of the time that the network takes. */
export const latencyBudgetOptions = declareOptions('rate', {
  /** Time, measured before the first step on the engine and the machine of the run. A resumed run keeps the result. */
  budget: budgetOf('latency'),
  /** The share that is kept, in (0, 1]: 0.5 takes half as long. */
  keep: share(),
  /** Images in the batch that is timed, ≥ 1. @default 1 */
  images: whole(1).optional('1'),
})

/** Bytes on a microcontroller. */
export const byteBudgetOptions = declareOptions('rate', {
  /** `flash`: constants and machine code. `ram`: scratch memory, an image and its logits. */
  budget: budgetOf('flash', 'ram'),
  /** What the C file takes at most, in bytes, ≥ 1. */
  bytes: whole(1, { unit: 'bytes' }),
  /** Which C file: `.int8.c` or `.c`. @default 'int8' */
  form: choice(cForms).default('int8'),
})

/**
 * How much to prune: one rate for every layer; a rate per layer by name (others stay whole); an overall rate, with some
 * layers fixed and one rate for all the others solved so that the whole meets it; or a budget of the shrunk network.
 */
export type Rate = number | Readonly<Record<string, number>> | OverallRate | Budget

/** One rate for all layers together, some of which have rates of their own. */
export interface OverallRate extends OptionsOf<typeof overallRateOptions> {}

/**
 * What the whole network may have when filters or channels are pruned and it is shrunk: `{ budget: 'flops', keep: 0.5 }`
 * is half the operations. Layers whose channels depend on each other lose the same ones.
 */
export type Budget = CountedBudget | LatencyBudget | ByteBudget

/** A share of a figure that follows from the description: parameters or operations. */
export interface CountedBudget extends OptionsOf<typeof countedBudgetOptions> {}

/** A share of the time: `{ budget: 'latency', keep: 0.5 }` takes half as long. */
export interface LatencyBudget extends OptionsOf<typeof latencyBudgetOptions> {}

/**
 * What the exported C file takes at most: `{ budget: 'flash', bytes: 32768 }`. Single weights, columns and blocks are
 * stored without zeros; filters and channels are removed. The file is checked when `exportModel` writes it.
 */
export interface ByteBudget extends OptionsOf<typeof byteBudgetOptions> {}

/** Layers that are not pruned: by name, or 'last', the one that gives the logits. */
export type Excluded = readonly string[] | 'last'

/** An option: how much to prune. */
export const rateOption = (): Option<Rate> => {
  const each = record(rateOfLayer)
  const [overall, counted, latency, bytes] = [
    overallRateOptions.asOption(),
    countedBudgetOptions.asOption(),
    latencyBudgetOptions.asOption(),
    byteBudgetOptions.asOption(),
  ]
  return either(
    'a number >= 1, a rate for each layer, an overall rate with fixed layers, or a budget',
    [rateOfLayer, each, overall, counted, latency, bytes],
    (value) => {
      if (typeof value === 'number') return rateOfLayer
      if (typeof value !== 'object' || value === null) return undefined
      if (isBudget(value)) return isByteBudget(value) ? bytes : value.budget === 'latency' ? latency : counted
      return isOverall(value) ? overall : each
    },
  )
}

/** An option: layers that are not pruned. */
export const excludeOption = (): Option<Excluded> => {
  const [named, last] = [list(text('the name of a layer')), choice(['last'])] as const
  return either("a list of layers, or 'last'", [named, last], (value) => (value === 'last' ? last : named))
}

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
 * @throws OptionError for an unknown layer, or an overall rate that the fixed layers make impossible
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
    new Map(Object.entries(rates).map(([name, value]) => [byName(name), value]))
  const all = (): ReadonlyMap<Parameter, number> => {
    if (typeof rate === 'number') return new Map(pruned.map((parameter) => [parameter, rate]))
    if (!isOverall(rate)) return named(rate)
    return solveOverall(stage, pruned, rate.overall, named(rate.fixed))
  }
  return [...all()]
    .filter(([parameter, value]) => value > 1 && pruned.includes(parameter))
    .map(([parameter, value]) => ({ parameter, rate: value }))
}

/**
 * The weights of all layers in use except the excluded ones. Layers that a stochastic head needs only for training are
 * never pruned.
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

const weightOf = (stage: string, weights: readonly Parameter[], wanted: string): Parameter => {
  const found = weights.find(({ name, node }) => name === wanted || node === wanted)
  if (found) return found
  // A layer may be called so, but without one, an overall rate is meant.
  const meant = wanted === 'overall' ? '; an overall rate needs the rates of fixed layers, too: `fixed: {}`' : ''
  return rejectOption(stage, `a layer among ${weights.map(({ node }) => node).join(', ')}${meant}`, `"${wanted}"`)
}

/** Whether a rate is a budget. */
export const isBudget = (rate: number | object): rate is Budget =>
  typeof rate === 'object' && 'budget' in rate && typeof rate.budget === 'string'

/** Whether a rate is a budget in bytes. */
export const isByteBudget = (rate: number | object): rate is ByteBudget =>
  isBudget(rate) && (rate.budget === 'flash' || rate.budget === 'ram')

/** The budget in bytes of a rate that is one. */
export const byteBudgetOf = (rate: Rate): ByteBudget | undefined =>
  typeof rate === 'object' && isByteBudget(rate) ? rate : undefined

/** Whether a rate is an overall one. */
export const isOverall = (rate: number | object): rate is OverallRate =>
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
