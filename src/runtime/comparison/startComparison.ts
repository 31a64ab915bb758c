import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { Subject } from 'rxjs'
import { PwoaFailure, rejectOption, valueOf } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { RunOptions, Summary } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'
import { type FolderLock, lockFolder } from '../folder/folderLock.js'
import { chooseFolder, rowFolder } from '../folder/folderNames.js'
import { planOf } from '../folder/plan.js'
import { readFolderPlan } from '../folder/planFile.js'
import { checkSamePlan, createRunFolder } from '../folder/runFolder.js'
import { finishedIn, runInFolder } from '../folder/runInFolder.js'
import { writeSummary } from '../records/writeReport.js'
import { interrupted } from '../run/interrupted.js'
import { startLater } from '../run/startLater.js'
import type { Comparison, ComparisonHandle, ComparisonRow, ComparisonSummary } from './comparison.js'
import { trialComparison } from './trialComparison.js'

/** Starts a comparison; with `resume`, finished rows are kept and the interrupted one is resumed. */
export const startComparison = (asked: Comparison, options: RunOptions): ComparisonHandle => {
  const comparison = options.trial === undefined ? asked : trialComparison(asked)
  const folder = chooseFolder(comparison.name, options, new Date())
  const runs = new Subject<ComparisonRow>()
  const started = startLater(
    comparison.name,
    ({ signal }) => executeComparison({ comparison, options, folder, runs, signal }),
    () => runs.complete(),
    options.signal,
  )
  return { folder, runs$: runs.asObservable(), ...started }
}

interface ActiveComparison {
  readonly comparison: Comparison
  readonly options: RunOptions
  readonly folder: string
  readonly runs: Subject<ComparisonRow>
  readonly signal: AbortSignal
}

const executeComparison = async (active: ActiveComparison): Promise<ComparisonSummary> => {
  const { comparison, options, folder } = active
  const started = performance.now()
  const lock = await openFolder(active)
  try {
    const rows = await runRows(active)
    const summary: ComparisonSummary = {
      pipeline: comparison.name,
      params: comparison.params,
      seed: options.seed ?? 0,
      seconds: { total: (performance.now() - started) / 1000 },
      rows,
    }
    await writeSummary(folder, summary)
    return summary
  } finally {
    lock.release()
  }
}

const runRows = async (active: ActiveComparison): Promise<Record<string, Summary>> => {
  const { comparison, options, folder } = active
  const summaries: Record<string, Summary> = {}
  const entries = Object.entries(comparison.rows)
  for (const [index, [label, pipeline]] of entries.entries()) {
    const own = join(folder, rowFolder(label, index))
    summaries[label] =
      finished(own, pipeline, options) ??
      (await runRow(active, { label, index, count: entries.length, run: runInFolder(pipeline, own, options) }))
  }
  return summaries
}

/** Each row's run has a lock of its own: losing this one does no harm. */
const ignored = (): void => undefined

const openFolder = async ({ comparison, options, folder }: ActiveComparison): Promise<FolderLock> => {
  const plan = { comparison: comparison.name, params: comparison.params, rows: Object.keys(comparison.rows) }
  if (options.resume === undefined) return createRunFolder(folder, plan, ignored)
  if (options.out !== undefined) rejectOption('out', 'nothing beside the option resume', options.out)
  const found = valueOf(readFolderPlan(folder, 'resume'))
  if (JSON.stringify(found?.plan) !== JSON.stringify(plan)) {
    rejectOption(
      'resume',
      `a run folder of the comparison ${comparison.name} with the same rows and parameters`,
      folder,
    )
  }
  return lockFolder(folder, 'resume', ignored)
}

/** The summary of a row that was finished before an interruption. */
const finished = (folder: string, pipeline: Pipeline<Step>, options: RunOptions): Summary | undefined => {
  const summary = finishedIn(folder)
  if (summary) checkSamePlan(folder, planOf(pipeline, options.seed ?? 0))
  return summary
}

const runRow = async ({ comparison, folder, runs, signal }: ActiveComparison, row: ComparisonRow): Promise<Summary> => {
  const { stop } = row.run
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  runs.next(row)
  const result = await row.run.result
  signal.removeEventListener('abort', stop)
  if (E.isRight(result)) return result.right
  if (result.left._tag === 'InterruptedError') throw new PwoaFailure(interrupted(comparison.name, folder))
  throw new PwoaFailure({ ...result.left, stage: `${row.label} / ${result.left.stage}` })
}
