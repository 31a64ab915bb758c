import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Pipeline } from '../../dsl/pipeline.js'
import type { RunHandle, RunOptions, Summary } from '../../dsl/run.js'
import type { Step } from '../../dsl/step.js'
import { summaryCodec } from './codecs.js'
import { readJson, runFiles } from './runFolder.js'

/** Begins a run in the folder, or goes on with it where it was begun before: a row of a comparison, a sweep's point. */
export const runInFolder = (
  pipeline: Pipeline<Step>,
  folder: string,
  { resume: _, out: __, ...options }: RunOptions,
): RunHandle => pipeline.run({ ...options, ...(isBegun(folder) ? { resume: folder } : { out: folder }) })

const isBegun = (folder: string): boolean => readJson(join(folder, runFiles.plan)) !== undefined

/** The summary of a run that is done: it appears whole, as the last of the run's files. Undefined for any other. */
export const finishedIn = (folder: string): Summary | undefined => {
  const decoded = summaryCodec.decode(readJson(join(folder, runFiles.summary)))
  return E.isRight(decoded) ? decoded.right : undefined
}
