import { join } from 'node:path'
import * as t from 'io-ts'
import { rejectOption } from '../../dsl/errors.js'
import { LoggedEvent } from '../../dsl/events.js'
import { objectCodec, optionalCodec, textCodec, wholeCodec } from '../../dsl/kit/codecOf.js'
import { countCodec, finiteCodec } from '../../dsl/kit/figureCodecs.js'
import { TrainingMetrics } from '../../dsl/step.js'
import { sum } from '../../math/sums.js'
import { runFiles } from '../folder/folderNames.js'
import { finishedIn } from '../folder/runInFolder.js'
import { readLines } from '../records/readLines.js'

/** How metrics of a search are named. */
export const METRIC = /^(loss|(terms|metrics|accuracy)\..+)$/

/** The codec of {@link Target}. */
export const Target = objectCodec({
  /** From 0; the last rung is the end of the run. */
  rung: countCodec,
  /** The rung is at 1 / `divisor` of the training steps; 1: the run goes on to its end. */
  divisor: wholeCodec('a whole number >= 1', 1),
  /** What is measured: `loss`, `terms.robust`, `metrics.NAME`, `accuracy.clean`, `accuracy.pgd`. */
  metric: textCodec('the name of a metric', METRIC),
  /** Over how many of the last steps a figure of steps is averaged. */
  over: wholeCodec('a whole number >= 1', 1),
})

/** How far a point of a search trains, and what is measured there. */
export interface Target extends t.TypeOf<typeof Target> {}

const reached = t.intersection([
  objectCodec({
    /** The training step of the rung, or the last one. */
    step: countCodec,
    /** Training steps of the whole run. */
    steps: countCodec,
  }),
  optionalCodec({
    /** The metric there. */
    value: finiteCodec,
  }),
])

/** A rung that a point has reached. */
export interface Reached extends t.TypeOf<typeof reached> {}

/** The codec of {@link Reached}. */
export const Reached: t.Type<Reached> = reached

/** The step at which a run of so many steps reaches a target. */
export const stepOf = ({ divisor }: Pick<Target, 'divisor'>, steps: number): number => Math.ceil(steps / divisor)

/**
 * What a run has reached, read from its folder: only from records up to the rung, so that it is the same however far the
 * run has gone on. Undefined if the run has not come that far; a finished run that ended earlier counts with its end.
 *
 * @throws OptionError if the run has no such metric; FileError for damaged files
 */
export const reachedIn = async (folder: string, target: Target): Promise<Reached | undefined> => {
  const values: number[] = []
  const names = new Set<string>()
  let [step, steps] = [0, 0]
  for await (const metrics of readLines(TrainingMetrics, join(folder, runFiles.metrics))) {
    steps = metrics.steps
    if (metrics.step > stepOf(target, steps)) break
    step = metrics.step
    const figures = figuresOf(metrics)
    for (const name of figures.keys()) names.add(name)
    const value = figures.get(target.metric)
    if (value !== undefined) values.push(value)
  }
  if (step < stepOf(target, Math.max(1, steps)) && !finishedIn(folder)) return undefined
  if (!target.metric.startsWith(ACCURACY))
    return { step, steps, value: meanOf(values.slice(-target.over)) ?? unknown(target, names, step) }
  const accuracies = await accuraciesIn(folder, step)
  for (const name of accuracies.keys()) names.add(name)
  return { step, steps, value: accuracies.get(target.metric) ?? unknown(target, names, step) }
}

const ACCURACY = 'accuracy.'

const figuresOf = ({ loss, terms, metrics = {} }: TrainingMetrics): ReadonlyMap<string, number> =>
  new Map([
    ['loss', loss],
    ...Object.entries(terms).map(([name, value]) => [`terms.${name}`, value] as const),
    ...Object.entries(metrics).map(([name, value]) => [`metrics.${name}`, value] as const),
  ])

/** The accuracies of the last evaluation of an epoch up to this step. It is recorded before its step is. */
const accuraciesIn = async (folder: string, step: number): Promise<ReadonlyMap<string, number>> => {
  let found: ReadonlyMap<string, number> = new Map()
  for await (const { step: before, event } of readLines(LoggedEvent, join(folder, runFiles.events))) {
    if (before >= step) break
    if (event.type !== 'evaluation' || event.subject !== 'epoch') continue
    const { clean, attacks } = event.accuracies
    found = new Map(Object.entries({ clean, ...attacks }).map(([name, value]) => [`${ACCURACY}${name}`, value]))
  }
  return found
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : sum(values) / values.length

const unknown = ({ metric }: Target, names: ReadonlySet<string>, step: number): never =>
  rejectOption(
    'search',
    `a metric that the runs have by step ${step}: ${[...names].join(', ') || 'none, because nothing trains'}`,
    metric,
  )
