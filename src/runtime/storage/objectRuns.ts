import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as t from 'io-ts'
import { describeError, PwoaFailure, toPwoaError, valueOf, valueOfTask } from '../../dsl/errors.js'
import { objectCodec, optionalCodec, recordCodec } from '../../dsl/kit/codecOf.js'
import { countCodec } from '../../dsl/kit/figureCodecs.js'
import { given } from '../../dsl/kit/given.js'
import { Summary } from '../../dsl/pipeline/run.js'
import { sha256Of } from '../../io/files/hash.js'
import { parseIn } from '../../io/files/jsonFile.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { pointFolder } from '../folder/folderNames.js'
import { fileVersionIn } from '../folder/planFile.js'
import { newestWriter } from '../run/concurrency.js'
import { filesOf, isForJoins, isInside, isRecord, type Progress, progressIn, readFileOf } from './localRun.js'
import type { Objects } from './objects.js'
import type { OpenRun, PointName, RunStorage } from './runStorage.js'
import { makeSaver, restoreRecords, restoreSaved, sha256Codec, textOf } from './savedRuns.js'
import { saveSchedule } from './saveSchedule.js'
import { reachedRunIn } from './sharedRuns.js'

/** `result.json` of a finished point. It is written once, after all of the point's files. */
const Result = t.intersection([
  objectCodec({
    /** The folder beside it that contains the run folder of the worker that finished first. */
    run: t.string,
    summary: Summary,
    /** By their paths in the run folder. */
    files: recordCodec(objectCodec({ bytes: countCodec, sha256: sha256Codec })),
  }),
  optionalCodec({
    /** Hash of the pipeline file's code that the run was started by. */
    fileVersion: t.string,
  }),
])

type Result = t.TypeOf<typeof Result>

/** How runs are kept in a store. */
export interface ObjectRunsOptions {
  /** A local folder of this process, for runs that are under way. */
  readonly scratch: string
  /** Share of a run's time that saving it may take; 1: every checkpoint is saved. */
  readonly share: number
  /** Names of the environment variables that hold the store's secrets. */
  readonly secrets: readonly string[]
  readonly hurry: () => void
  readonly close: () => void
  readonly say: (message: string) => void
}

/**
 * Runs in object storage. A point runs in a local folder. Its checkpoints and the journals of its evaluations are saved
 * while it runs; a worker that takes over starts from the newest intact save. A point is finished if its `result.json`
 * exists, which is written once: the first complete result counts.
 */
export const objectRuns = (objects: Objects, options: ObjectRunsOptions): RunStorage => {
  const { secrets, say, hurry, close } = options
  return {
    shown: objects.shown,
    secrets,
    finished: async (point) => {
      const result = await resultAt(objects, baseOf(point))
      return result && { summary: result.summary, fileVersion: result.fileVersion }
    },
    reached: async (point, target) => {
      const folder = join(options.scratch, randomUUID())
      const base = baseOf(point)
      try {
        const isHere =
          (await bringFindings(objects, base, folder, isRecord)) ||
          (await restoreRecords(objects, base, folder, isRecord))
        return isHere ? await reachedRunIn(folder, target) : undefined
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    open: async (point) => {
      const sweep = join(options.scratch, randomUUID())
      const folder = pointFolder(sweep, point.key)
      try {
        await restoreSaved(objects, baseOf(point), folder, say)
      } catch (thrown) {
        await rm(sweep, { recursive: true, force: true })
        throw thrown
      }
      const begun = existsSync(folder) ? progressIn(folder) : undefined
      if (begun) say(`${baseOf(point)}: continuing from step ${begun.step}`)
      return openRun(objects, point, { sweep, folder, begun }, options)
    },
    hurry,
    close,
  }
}

const seconds = (): number => performance.now() / 1000

/** Prefix of the keys of a point. */
const baseOf = ({ sweep, key }: PointName): string => `${sweep}/points/${key}/`

interface Place {
  readonly sweep: string
  readonly folder: string
  readonly begun: Progress | undefined
}

const openRun = (
  objects: Objects,
  point: PointName,
  { sweep, folder, begun }: Place,
  { share, say }: ObjectRunsOptions,
): OpenRun => {
  const base = baseOf(point)
  const saver = makeSaver(objects, base, folder, begun)
  const schedule = saveSchedule(share, seconds)
  const save = async (progress: Progress): Promise<void> => {
    const began = seconds()
    await saver.save(progress)
    schedule.took(seconds() - began)
  }
  // The run continues without this save: the next one saves what is then the newest.
  const failed = (thrown: unknown): void => say(describeError(toPwoaError(objects.shown, thrown)))
  const saves = newestWriter<Progress>(save, failed)

  const removeFolder = (): Promise<void> => rm(sweep, { recursive: true, force: true })
  return {
    folder,
    // The point's process writes and removes files meanwhile: one look may fail and the next succeed.
    advanced: () => {
      try {
        if (!existsSync(folder)) return
        const progress = progressIn(folder)
        if (schedule.isDue(progress, saver.last())) saves.write(progress)
      } catch (thrown) {
        failed(thrown)
      }
    },
    bring: async (keys) => {
      for (const key of keys) {
        const other = { sweep: point.sweep, key }
        if (!(await bringFindings(objects, baseOf(other), pointFolder(sweep, key)))) return false
      }
      return true
    },
    finish: async (summary) => {
      await saves.idle()
      const held = await publish(objects, base, folder, summary)
      await removeFolder()
      return held
    },
    leave: async () => {
      await saves.idle()
      try {
        if (existsSync(folder)) await save(progressIn(folder))
      } catch (thrown) {
        failed(thrown)
      }
      await removeFolder()
    },
  }
}

const resultAt = async (objects: Objects, base: string): Promise<Result | undefined> => {
  const bytes = await objects.read(`${base}result.json`)
  if (!bytes) return undefined
  const path = 'result.json'
  const place = { stage: '--runs', file: `${objects.shown}/${base}${path}`, hint: removeResult(objects, base) }
  return valueOf(parseIn(Result, textOf(bytes), place))
}

const removeResult = ({ shown }: Objects, base: string): string =>
  `Remove ${shown}/${base}result.json: the point is then run anew.`

/** The error of a finished point's file. The point counts as finished until its result is removed. */
const damaged = (objects: Objects, base: string, path: string, expected: string, actual: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'FileError',
    stage: '--runs',
    file: `${objects.shown}/${base}${path}`,
    expected,
    actual,
    hint: removeResult(objects, base),
  })

/** Writes all files of a finished run, then its result, unless there is one already: then that one counts. */
const publish = async (objects: Objects, base: string, folder: string, summary: Summary): Promise<Summary> => {
  const run = `run-${randomUUID()}`
  const files: Record<string, Result['files'][string]> = {}
  for (const path of filesOf(folder)) {
    const bytes = await readFileOf(folder, path)
    if (!bytes) continue
    const sha256 = sha256Of(bytes)
    await objects.write(`${base}${run}/${path}`, bytes, sha256)
    files[path] = { bytes: bytes.length, sha256 }
  }
  const result: Result = { run, summary, files, ...given({ fileVersion: fileVersionIn(folder) }) }
  await objects.writeOnce(`${base}result.json`, Buffer.from(JSON.stringify(result, null, 2)))
  // Read back: if the response to the first write was lost, the retry found this process's own result.
  const held = (await resultAt(objects, base)) ?? result
  const outlived = (await objects.list(base)).filter(
    (key) => key !== `${base}result.json` && !key.startsWith(`${base}${held.run}/`),
  )
  await objects.remove(outlived)
  return held.summary
}

/** Copies the results of a finished point into a folder; false if the point is not finished. */
const bringFindings = async (
  objects: Objects,
  base: string,
  folder: string,
  isWanted = isForJoins,
): Promise<boolean> => {
  const result = await resultAt(objects, base)
  if (!result) return false
  for (const [path, { sha256 }] of Object.entries(result.files)) {
    if (!isWanted(path) || !isInside(path)) continue
    const object = `${result.run}/${path}`
    const bytes = await objects.read(base + object)
    if (!bytes || sha256Of(bytes) !== sha256)
      throw damaged(objects, base, object, 'the file of a result', bytes ? 'other bytes' : 'none')
    await valueOfTask(writeWhole(join(folder, path), bytes, 'worker'))
  }
  return true
}
