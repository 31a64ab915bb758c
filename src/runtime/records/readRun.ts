import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as t from 'io-ts'
import { valueOf } from '../../dsl/errors.js'
import { LoggedEvent } from '../../dsl/events.js'
import { TrainingMetrics } from '../../dsl/step.js'
import { readJsonFile } from '../../io/files/jsonFile.js'
import { AttackStrip } from '../../io/pictures/attackStrips.js'
import { makeRunFigures, type RunFigures } from '../../report/figures/runFigures.js'
import type { ComparisonRecord, RunRecord } from '../../report/figures/runRecord.js'
import { runFiles } from '../folder/folderNames.js'
import { type ComparisonPlan, readPlan } from '../folder/planFile.js'
import { finishedIn } from '../folder/runInFolder.js'
import { rowsOf } from './folderRuns.js'
import { readLines } from './readLines.js'
import { isPicture, readPicture } from './readPicture.js'

/**
 * Reads the folder of a run that is finished, interrupted or under way.
 *
 * @param stage the stage of the errors
 * @param progress whether a run without a summary counts as stopped, or as under way
 * @throws OptionError of `stage` for a folder of anything else; FileError for damaged files
 */
export const readRun = async (
  folder: string,
  stage: string,
  progress: 'over' | 'under way' = 'over',
): Promise<RunRecord> => {
  const plan = readPlan(folder, stage)
  const figures = makeRunFigures(plan.pipeline)
  await replay(folder, figures)
  const summary = finishedIn(folder)
  if (summary || progress === 'over') figures.end(summary ? 'done' : 'stopped')
  return { plan, figures, summary, pictures: await picturesOf(folder) }
}

/**
 * Reads the folder of a comparison: each row's run, started or not.
 *
 * @throws as {@link readRun}
 */
export const readComparison = async (
  folder: string,
  { comparison: name, params, rows }: ComparisonPlan,
  stage: string,
): Promise<ComparisonRecord> => {
  const read = rowsOf(folder, rows).map(async ({ label, folder: own, begun }) => ({
    label,
    folder: relative(folder, own),
    record: begun ? await readRun(own, stage) : undefined,
  }))
  return { name, params, rows: await Promise.all(read) }
}

/** How much of a run is replayed: steps up to this one, events up to this time. */
interface Until {
  readonly step: number
  /** Seconds since 1970. */
  readonly at: number
}

const everything: Until = { step: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY }

/** What receives a run's steps and events. */
export type Listening = Pick<RunFigures, 'step' | 'event'>

/**
 * Passes the events and steps of a run folder to `listening`, in the order in which they happened: each event records how
 * many steps preceded it.
 *
 * @throws FileError for a damaged line
 */
export const replay = async (folder: string, listening: Listening, until = everything): Promise<void> => {
  const steps = readLines(TrainingMetrics, join(folder, runFiles.metrics))
  let next = await steps.next()
  const stepsUpTo = async (step: number): Promise<void> => {
    while (!next.done && next.value.step <= Math.min(step, until.step)) {
      listening.step(next.value)
      next = await steps.next()
    }
  }
  for await (const logged of readLines(LoggedEvent, join(folder, runFiles.events))) {
    if (logged.at > until.at) break
    await stepsUpTo(logged.step)
    listening.event(logged)
  }
  await stepsUpTo(Number.POSITIVE_INFINITY)
  await steps.return(undefined)
}

/**
 * The adversarial examples of a folder as images, by the name of their evaluation: `attacks`, `attacks-before`.
 *
 * @throws FileError for a damaged file
 */
export const stripsOf = (folder: string, stage: string): ReadonlyMap<string, readonly AttackStrip[]> => {
  const names = readdirSync(folder).filter((name) => STRIPS.test(name))
  return new Map(
    names.sort().map((name) => {
      const read = valueOf(readJsonFile(t.readonlyArray(AttackStrip), { stage, file: join(folder, name) }))
      return [name.replace(STRIPS, '$1'), read ?? []]
    }),
  )
}

const STRIPS = /^(attacks[\w-]*)\.strips\.json$/

/** The pictures of a folder that are small enough to be shown, as SVG by the name of their file. */
export const picturesOf = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const read = readdirSync(folder)
    .filter(isPicture)
    .sort()
    .map(async (name) => [name, await readPicture(folder, name)] as const)
  const pictures = await Promise.all(read)
  return new Map(pictures.flatMap(([name, svg]) => (svg === undefined ? [] : [[name, svg] as const])))
}
