import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type FileError, rejectOption, valueOf } from '../../dsl/errors.js'
import { objectCodec, unknownFields } from '../../dsl/kit/codecOf.js'
import { damaged, decodeIn, readJsonFile } from '../../io/files/jsonFile.js'
import { runFiles } from './folderNames.js'
import { fileVersion, Plan } from './plan.js'

const comparisonPlan = objectCodec({
  /** The comparison's name. */
  comparison: t.string,
  params: unknownFields,
  /** Labels of the rows, in order. */
  rows: t.readonlyArray(t.string),
})

/** `plan.json` of a comparison. */
export interface ComparisonPlan extends t.TypeOf<typeof comparisonPlan> {}

const sweepPlan = objectCodec({
  /** The sweep's name. */
  sweep: t.string,
})

/** `plan.json` of a sweep. */
export interface SweepPlan extends t.TypeOf<typeof sweepPlan> {}

/** The kind of a run folder, with its plan. */
export type FolderPlan =
  | { readonly kind: 'run'; readonly plan: Plan }
  | { readonly kind: 'comparison'; readonly plan: ComparisonPlan }
  | { readonly kind: 'sweep'; readonly plan: SweepPlan }

/** Whether there is a plan in a folder, damaged or not. */
export const hasPlan = (folder: string): boolean => existsSync(join(folder, runFiles.plan))

/** The plan in a folder; undefined if the folder has none. A `FileError` if it is damaged. */
export const readFolderPlan = (folder: string, stage: string): Either<FileError, FolderPlan | undefined> => {
  const place = { stage, file: join(folder, runFiles.plan) }
  return E.either.chain(readJsonFile(t.UnknownRecord, place), (found): Either<FileError, FolderPlan | undefined> => {
    if (found === undefined) return E.right(undefined)
    if ('comparison' in found)
      return E.either.map(decodeIn(comparisonPlan, found, place), (plan) => ({ kind: 'comparison', plan }))
    if ('sweep' in found) return E.either.map(decodeIn(sweepPlan, found, place), (plan) => ({ kind: 'sweep', plan }))
    if (!('pipeline' in found)) return E.left(damaged(place, 'a field pipeline, comparison or sweep', 'none of them'))
    return E.either.map(decodeIn(Plan, found, place), (plan) => ({ kind: 'run', plan }))
  })
}

/**
 * The plan of a folder that must have one.
 *
 * @throws OptionError of `stage` for a folder without a plan; FileError for a damaged plan
 */
export const folderPlan = (folder: string, stage: string): FolderPlan =>
  valueOf(readFolderPlan(folder, stage)) ?? noRunFolder(folder, stage)

/**
 * The plan of a single run.
 *
 * @throws as {@link folderPlan}, and an OptionError for the folder of a comparison or a sweep
 */
export const readPlan = (folder: string, stage: string): Plan => {
  const found = folderPlan(folder, stage)
  return found.kind === 'run' ? found.plan : noRunFolder(folder, stage)
}

const noRunFolder = (folder: string, stage: string): never =>
  rejectOption(stage, `a run folder, with a ${runFiles.plan}`, folder)

/** Whether a folder is that of a single run, with a plan that can be read. */
export const isRunFolder = (folder: string): boolean => {
  const found = readFolderPlan(folder, 'run folder')
  return E.isRight(found) && found.right?.kind === 'run'
}

/**
 * The version of the pipeline file that a folder's run was started by; undefined without a run or a file.
 *
 * @throws FileError
 */
export const fileVersionIn = (folder: string): string | undefined => {
  const found = valueOf(readFolderPlan(folder, 'run folder'))
  return found?.kind === 'run' ? found.plan.fileVersion : undefined
}

/** Whether a folder's run was started by another version of the file that the pipeline comes from. @throws FileError */
export const isOfOtherVersion = (folder: string, pipeline: object): boolean => {
  const begun = fileVersionIn(folder)
  const now = fileVersion(pipeline)
  return begun !== undefined && now !== undefined && begun !== now
}
