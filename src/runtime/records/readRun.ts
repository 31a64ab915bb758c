import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { PwoaFailure } from '../../dsl/errors.js'
import type { LoggedEvent } from '../../dsl/events.js'
import type { Summary } from '../../dsl/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import { makeRunFigures, type RunFigures } from '../../report/figures/runFigures.js'
import type { ComparisonRecord, RunRecord } from '../../report/figures/runRecord.js'
import { readJson, readPlan, runFiles } from '../folder/runFolder.js'
import { comparisonPlan, rowsOf } from './folderRuns.js'
import { readLines } from './readLines.js'
import { isPicture, readPicture } from './readPicture.js'

/** What a run folder holds: a run, or several of one table. */
export type FolderRecord =
  | { readonly kind: 'run'; readonly record: RunRecord }
  | { readonly kind: 'comparison'; readonly record: ComparisonRecord }

/**
 * Reads a run folder, of a run that is finished, interrupted or under way.
 *
 * Throws an `OptionError` for a folder that is none, a `FileError` for one whose files are damaged.
 *
 * @param stage whoever asks, for errors
 */
export const readFolder = async (folder: string, stage: string): Promise<FolderRecord> => {
  const comparison = comparisonPlan.decode(readJson(join(folder, runFiles.plan)))
  if (E.isLeft(comparison)) return { kind: 'run', record: await readRun(folder, stage) }
  const { comparison: name, params, rows } = comparison.right
  const read = rowsOf(folder, rows).map(async ({ label, folder: own, begun }) => ({
    label,
    folder: relative(folder, own),
    record: begun ? await readRun(own, stage) : undefined,
  }))
  return { kind: 'comparison', record: { name, params, rows: await Promise.all(read) } }
}

/**
 * The same of a folder of one run.
 *
 * @param progress whether one without a summary is over, or goes on somewhere
 */
export const readRun = async (
  folder: string,
  stage: string,
  progress: 'over' | 'under way' = 'over',
): Promise<RunRecord> => {
  const plan = readPlan(folder, stage)
  const figures = makeRunFigures(plan.pipeline)
  await replayed(folder, figures)
  const summary = summaryOf(folder)
  if (summary || progress === 'over') figures.end(summary ? 'done' : 'stopped')
  return { plan, figures, summary, pictures: await picturesOf(folder) }
}

/** How much of a run: steps up to this one, events up to this time. */
interface Until {
  readonly step: number
  /** Seconds since 1970. */
  readonly at: number
}

const everything: Until = { step: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY }

/** What hears of a run's steps and events. */
export type Listening = Pick<RunFigures, 'step' | 'event'>

/** `replay` of all that a folder has. Throws a `FileError` where its files are damaged. */
export const replayed = (folder: string, listening: Listening): Promise<void> =>
  replay(folder, listening).catch((thrown: unknown) => {
    throw thrown instanceof PwoaFailure ? thrown : damaged(folder, thrown)
  })

/** Hands events and steps of a folder over in the order in which they were: an event says after how many steps it came. */
export const replay = async (folder: string, listening: Listening, until = everything): Promise<void> => {
  const steps = readLines<TrainingMetrics>(join(folder, runFiles.metrics))
  let next = await steps.next()
  const stepsUpTo = async (step: number): Promise<void> => {
    while (!next.done && next.value.step <= Math.min(step, until.step)) {
      listening.step(next.value)
      next = await steps.next()
    }
  }
  for await (const logged of readLines<LoggedEvent>(join(folder, runFiles.events))) {
    if (logged.at > until.at) break
    await stepsUpTo(logged.step)
    listening.event(logged)
  }
  await stepsUpTo(Number.POSITIVE_INFINITY)
  await steps.return(undefined)
}

const damaged = (folder: string, cause: unknown): PwoaFailure =>
  new PwoaFailure({
    _tag: 'FileError',
    stage: 'run folder',
    file: folder,
    expected: 'the metrics and events of a run',
    actual: cause instanceof Error ? cause.message : String(cause),
    cause,
  })

const summaryOf = (folder: string): Summary | undefined => {
  const summary = readJson(join(folder, runFiles.summary))
  return summary === undefined ? undefined : (summary as Summary)
}

/** The pictures of a folder that are fit to be shown, as SVG by the name of their file. */
export const picturesOf = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const read = readdirSync(folder)
    .filter(isPicture)
    .sort()
    .map(async (name) => [name, await readPicture(folder, name)] as const)
  const pictures = await Promise.all(read)
  return new Map(pictures.flatMap(([name, svg]) => (svg === undefined ? [] : [[name, svg] as const])))
}
