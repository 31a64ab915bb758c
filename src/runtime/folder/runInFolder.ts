import { join } from 'node:path'
import { valueOf } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import { type RunHandle, type RunOptions, Summary } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'
import { readJsonFile } from '../../io/files/jsonFile.js'
import { runFiles } from './folderNames.js'
import { hasPlan } from './planFile.js'

/** Starts a run in the folder, or resumes the one that is there: a row of a comparison, or a point of a sweep. */
export const runInFolder = (
  pipeline: Pipeline<Step>,
  folder: string,
  { resume: _, out: __, ...options }: RunOptions,
): RunHandle => pipeline.run({ ...options, ...(hasPlan(folder) ? { resume: folder } : { out: folder }) })

/**
 * The summary of a finished run; undefined for any other run. The summary is the last file of a run, and appears whole.
 *
 * @throws FileError for a damaged summary
 */
export const finishedIn = (folder: string): Summary | undefined =>
  valueOf(
    readJsonFile(Summary, {
      stage: 'run folder',
      file: join(folder, runFiles.summary),
      hint: 'Without this file the run counts as not finished: resume it, and it writes the file anew.',
    }),
  )
