import type { Tensor4D } from '@tensorflow/tfjs-core'
import { rejectOption, valueOf } from '../../dsl/errors.js'
import { mostFootprint } from '../../io/checkpoints/c/footprint.js'
import { lowered } from '../../io/checkpoints/c/lower.js'
import type { Program } from '../../io/checkpoints/c/program.js'
import { refusing } from '../../io/files/refusal.js'
import type { Pattern } from '../../math/patterns.js'
import { ruleOf } from '../../math/patterns.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { foldingOf } from '../../models/forward/folding.js'
import { parameterCount } from '../../models/parameters/parameters.js'
import type { Student } from '../network/network.js'
import { budgetLayers, channelSearch, type RateSearch, smallest } from './budget.js'
import type { MaskTarget } from './maskOptions.js'
import { type PruningTask, weightShape } from './pruning.js'
import { leastOf, mostOf, sharedRates } from './rateSharing.js'
import { type ByteBudget, type Excluded, type LayerRate, prunable } from './rates.js'

/** Rates are found to this factor. */
const PRECISION = 1e-3

const isWhole = (pattern: Pattern): boolean => pattern === 'filter' || pattern === 'channel'

/** The layers that a budget in bytes may prune, at a rate that is not settled yet. */
export const byteLayers = (
  stage: string,
  given: Architecture,
  pattern: Pattern,
  exclude: Excluded,
): readonly LayerRate[] =>
  isWhole(pattern)
    ? budgetLayers(stage, given, pattern, exclude)
    : prunable(stage, given, exclude).map((parameter) => ({ parameter, rate: 1 }))

/** A network before its first step, and the images of that step. */
interface FirstImages {
  readonly student: Student
  readonly images: Tensor4D
}

/** What a stage prunes for a budget in bytes. */
interface ByteTarget extends Pick<MaskTarget, 'pattern' | 'rates' | 'exclude'> {
  readonly rate: ByteBudget
}

/**
 * Rates that meet a budget in bytes: the smallest whose C file can't exceed it, whichever weights are kept. See
 * `mostFootprint`, and for filters and channels `budgetRates`.
 *
 * @throws OptionError for a budget that no rate meets, with the smallest possible; FileError for a layer without C code
 */
export const byteRates = (
  stage: string,
  target: ByteTarget,
  task: PruningTask,
  first: FirstImages,
): readonly LayerRate[] => {
  const { pattern, rate, exclude } = target
  const { architecture } = first.student
  const search = isWhole(pattern)
    ? channelSearch(stage, architecture, pattern, exclude, (smaller) => bytesOf(programOf(stage, rate, smaller), rate))
    : weightSearch(stage, target, task, first)
  const { most, costAt, rateOf } = search
  if (costAt(1) <= rate.bytes) return []
  const least = costAt(most)
  if (least > rate.bytes)
    rejectOption(
      stage,
      `at least ${least} bytes of ${rate.budget}, which the largest rate, ${Math.floor(most * 10) / 10}, leaves`,
      rate.bytes,
    )
  return rateOf(rate.bytes, PRECISION)
}

/** The steps of a network's C file. */
const programOf = (stage: string, { form }: ByteBudget, architecture: Architecture): Program =>
  valueOf(
    refusing({ stage, file: form === 'float32' ? '.c' : '.int8.c' }, () => {
      const { architecture: inUse } = foldingOf(architecture)
      return lowered(inUse, new Float32Array(parameterCount(inUse)).fill(1))
    }),
  )

/** What its C file takes at most. @param rates of the layers that are pruned. @default none */
const bytesOf = (program: Program, { budget, form = 'int8' }: ByteBudget, task?: PruningTask): number => {
  const kept = new Map(task?.rates.map((layer) => [layer.parameter.name, keptOf(task.pattern, layer)]))
  return mostFootprint(program, form, ({ name, weights }) => kept.get(`${name}.weight`) ?? weights.length)[budget]
}

/** How many weights of a layer are kept at most. */
const keptOf = (pattern: Pattern, { parameter, rate }: LayerRate): number => {
  const groups = ruleOf(pattern)?.limits(weightShape(parameter)).most ?? parameter.size
  const group = parameter.size / groups
  return Math.min(parameter.size, group + (parameter.size - group) / rate)
}

/** The search for a rate of all layers. */
const weightSearch = (
  stage: string,
  { rate, rates }: ByteTarget,
  task: PruningTask,
  { student, images }: FirstImages,
): RateSearch => {
  const program = programOf(stage, rate, student.architecture)
  const size = task.rates.reduce((sum, { parameter }) => sum + parameter.size, 0)
  const least = leastOf(task)
  const share = sharedRates(stage, rates, task, student, images)
  const limits = task.rates.map((_, i) => mostOf(task, i))
  const ratesAt = (tried: number): readonly LayerRate[] => {
    const found = share?.(Math.max(least, size / tried))
    return task.rates.map((layer, i) => ({ ...layer, rate: found?.[i] ?? Math.min(tried, limits[i] ?? tried) }))
  }
  const costAt = (tried: number): number => bytesOf(program, rate, { ...task, rates: ratesAt(tried) })
  // What is shared keeps one group in each layer.
  const most = share ? size / least : Math.max(1, ...limits)
  const rateOf = (limit: number, precision: number): readonly LayerRate[] =>
    ratesAt(smallest(most, precision, (tried) => costAt(tried) <= limit))
  return { most, costAt, rateOf }
}
