import { rejectOption } from '../../dsl/errors.js'
import type { Pattern } from '../../math/patterns.js'
import { type Architecture, architecture } from '../../models/architecture/architecture.js'
import { meanPathOf } from '../../models/head/head.js'
import { type Counts, countsOf } from '../../models/parameters/counts.js'
import type { Parameter } from '../../models/parameters/parameters.js'
import { type ChannelUnits, channelUnits } from '../../models/shrink/channels.js'
import { type Connection, connectionOf } from '../../models/shrink/connections.js'
import { resizedLayers } from '../../models/shrink/resize.js'
import { type CountedBudget, type Excluded, type LatencyBudget, type LayerRate, prunable } from './rates.js'

/** What may be pruned of a value's channels: the weights that make them, or those that read them. */
interface Prunable {
  /** See `channelUnits`. */
  readonly units: readonly number[]
  readonly parameters: readonly Parameter[]
  /** Whether the constant that a pruned filter still outputs needs its own channel; see `choose`. */
  readonly standIn: 0 | 1
}

/** How a budget is counted. */
export interface Cost {
  /** The cost of a smaller network, as a share of that of the whole one. */
  readonly shareOf: (smaller: Architecture) => number
  /** Of the rate that is searched, relative. */
  readonly precision: number
}

/** By parameters or operations, which follow from the description. */
export const countedCost = (whole: Architecture, budget: keyof Counts): Cost => {
  // Layers of a stochastic head that exist only during training cost nothing later.
  const costOf = (network: Architecture): number => countsOf(meanPathOf(network))[budget]
  const all = costOf(whole)
  return { shareOf: (smaller) => costOf(smaller) / all, precision: 1e-6 }
}

/** The layers that a budget may prune, at a rate that is not settled yet. */
export const budgetLayers = (
  stage: string,
  given: Architecture,
  pattern: Pattern,
  exclude: Excluded,
): readonly LayerRate[] => ratesAt(1, prunableGroups(given, pattern, new Set(prunable(stage, given, exclude))))

/**
 * Rates that meet a budget once the network is shrunk: one for all groups of channels that depend on each other (the
 * terms of a residual sum, the layers that read it, a depth-wise convolution on the way), the smallest that does; a group
 * with fewer channels keeps one. A group with an excluded layer is kept, and so are the channels of the images and of the
 * logits, and those that a grouped convolution combines, that a layer reads beside channels of other groups (by channel),
 * or that layers read apart from each other, as the halves of a split.
 *
 * Pruned channels leave nothing behind, so their budget is met exactly. Pruned filters leave constants: one channel is
 * counted for those of a group.
 *
 * @throws OptionError for an unknown layer, for another pattern than `filter` and `channel`, or for a budget that one
 * channel in each group exceeds (with the largest rate)
 * @param cost how it is counted or measured
 * Source: Fang et al., "DepGraph: Towards Any Structural Pruning", CVPR 2023 (groups).
 */
export const budgetRates = (
  stage: string,
  given: Architecture,
  pattern: Pattern,
  { budget, keep }: CountedBudget | LatencyBudget,
  exclude: Excluded,
  { shareOf, precision }: Cost,
): readonly LayerRate[] => {
  if (keep === 1) return []
  const { rateOf, costAt, most } = channelSearch(stage, given, pattern, exclude, shareOf)
  const least = costAt(most)
  if (least > keep)
    rejectOption(
      stage,
      `a share of the ${budget} of at least ${Math.ceil(least * 1e4) / 1e4}, which the largest rate, ${most}, leaves`,
      keep,
    )
  return rateOf(keep, precision)
}

/** The search for a rate by its cost. */
export interface RateSearch {
  /** The largest rate, which leaves one of each group. */
  readonly most: number
  /** The cost of the network that is left at a rate. */
  readonly costAt: (rate: number) => number
  /** The smallest rate within a limit that the largest meets, by layer. */
  readonly rateOf: (limit: number, precision: number) => readonly LayerRate[]
}

/** The search for a rate of filters or channels; see {@link budgetRates}. @param costOf falls with the network's size */
export const channelSearch = (
  stage: string,
  given: Architecture,
  pattern: Pattern,
  exclude: Excluded,
  costOf: (smaller: Architecture) => number,
): RateSearch => {
  const groups = prunableGroups(given, pattern, new Set(prunable(stage, given, exclude)))
  const costAt = (rate: number): number => costOf(resized(given, pattern, groups, rate))
  const most = Math.max(1, ...groups.map(({ units }) => units.length))
  const rateOf = (limit: number, precision: number): readonly LayerRate[] =>
    ratesAt(
      smallest(most, precision, (tried) => costAt(tried) <= limit),
      groups,
    )
  return { most, costAt, rateOf }
}

const ratesAt = (rate: number, groups: readonly Prunable[]): readonly LayerRate[] =>
  groups.flatMap(({ units, parameters }, i) =>
    parameters.map((parameter) => ({ parameter, rate: Math.min(rate, units.length), together: i })),
  )

const prunableGroups = (given: Architecture, pattern: Pattern, left: ReadonlySet<Parameter>): readonly Prunable[] => {
  const { of, groups } = channelUnits(given)
  const connections = given.nodes.flatMap((node) => connectionOf(given, node) ?? [])
  const weights = new Map([...left].map((parameter) => [parameter.node, parameter]))
  return groups.flatMap(({ units, fixed }): Prunable[] => {
    const own = new Set(units)
    const areIn = (id: string): boolean => of.get(id)?.some((unit) => own.has(unit)) === true
    const readers = connections.filter(({ source, groups: parts }) => parts === 1 && areIn(source))
    const makers = connections.filter(({ node }) => areIn(node.id))
    const members = pattern === 'channel' ? readers : makers
    const parameters = members.flatMap(({ node }) => weights.get(node.id) ?? [])
    const isWhole = ({ node, source }: Connection): boolean =>
      of.get(pattern === 'channel' ? source : node.id)?.join() === units.join()
    const keeps = fixed || units.length === 1 || !members.every(isWhole) || areApart(own, of)
    if (keeps || parameters.length === 0 || parameters.length < members.length) return []
    const standIn = pattern === 'filter' && readers.some(({ padded }) => padded) ? 1 : 0
    return [{ units, parameters, standIn }]
  })
}

/** Whether a value has some units but not all: how many of it stay then depends on which do. */
const areApart = (units: ReadonlySet<number>, of: ChannelUnits['of']): boolean =>
  [...of.values()].some((value) => {
    const here = new Set(value.filter((unit) => units.has(unit)))
    return here.size > 0 && here.size < units.size
  })

/** The network after pruning at this rate and shrinking. */
const resized = (given: Architecture, pattern: Pattern, groups: readonly Prunable[], rate: number): Architecture => {
  const { of } = channelUnits(given)
  const gone = new Set(
    groups.flatMap(({ units, standIn }) =>
      units.slice(keptOf(units.length, pattern, Math.min(rate, units.length)) + standIn),
    ),
  )
  const kept = (id: string): readonly number[] => {
    const units = of.get(id) ?? new Int32Array(0)
    return [...units.keys()].filter((c) => !gone.has(units[c] ?? 0))
  }
  return architecture(given.name, given.input, resizedLayers(given, kept), given)
}

/** How many groups `projectionMask` keeps: those of filters on the threshold go, those of channels stay. */
const keptOf = (channels: number, pattern: Pattern, rate: number): number => {
  const position = (channels - 1) * (1 - 1 / rate)
  if (rate === 1) return channels
  return pattern === 'filter' ? channels - 1 - Math.floor(position) : channels - Math.ceil(position)
}

/** The smallest number up to `most` that meets a condition which all larger ones meet, and 1 does not. */
export const smallest = (most: number, precision: number, meets: (value: number) => boolean): number => {
  let [low, high] = [1, most]
  while (high / low > 1 + precision) {
    const middle = Math.sqrt(low * high)
    if (meets(middle)) high = middle
    else low = middle
  }
  return high
}
