import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { toPwoaError } from '../../dsl/errors.js'
import type { RunEvent } from '../../dsl/events.js'
import { given } from '../../dsl/kit/given.js'
import type { RunHandle } from '../../dsl/pipeline/run.js'
import { namesIn } from '../../io/files/folders.js'
import { finishedIn, runInFolder } from '../folder/runInFolder.js'
import { reachedIn, stepOf, type Target } from '../search/target.js'
import { TRIAL } from '../trial/trialOf.js'
import type { PointOutcome, PointPlace, PointProgress } from './pointMessages.js'
import type { RunPoint } from './runPoint.js'
import { keysOf } from './sweepFolder.js'
import type { SweepPoint } from './sweepTypes.js'

/** Runs a point in this process, or resumes it if it was started before. */
export const pointInProcess: RunPoint = (point, place, onProgress) => {
  const controller = new AbortController()
  return { outcome: executePoint(point, place, onProgress, controller.signal), stop: () => controller.abort() }
}

const executePoint = async (
  { label, pipeline, parts = [] }: SweepPoint,
  { folder, seed, options, target }: PointPlace,
  onProgress: (progress: PointProgress) => void,
  signal: AbortSignal,
): Promise<PointOutcome> => {
  const keys = await keysOf(
    parts.map((part) => ({ pipeline: part.pipeline, seed: part.seed ?? seed })),
    options.dataDir,
  )
  const keyed = parts.map((part, index) => ({ part, key: keys[index] ?? '' }))
  const place = (key: string): string => join(dirname(folder), key)
  const missing = keyed.filter(({ key }) => !finishedIn(place(key)))
  if (missing.length > 0) return incomplete(label, missing)
  const before = target && (await measured(folder, target))
  if (before && (before.type === 'failed' || target.divisor > 1)) return before
  const run = runInFolder(pipeline, folder, { ...options, seed, joins: keys.map(place) })
  reportProgress(run, onProgress)
  if (target) stopAt(run, target)
  if (signal.aborted) run.stop()
  signal.addEventListener('abort', run.stop)
  return outcomeOf(run, target)
}

interface KeyedPart {
  readonly part: SweepPoint
  readonly key: string
}

const incomplete = (label: string, missing: readonly KeyedPart[]): PointOutcome => ({
  type: 'failed',
  error: {
    _tag: 'RunError',
    stage: label,
    expected: 'all its parts to be done, and their folders to be here',
    actual: `none of ${missing.map(({ part }) => part.label).join(', ')}`,
  },
  lacks: missing.map(({ key }) => key),
})

/** Saves and ends the run at the step of its target. One whose target is its last step runs to its end. */
const stopAt = (run: RunHandle, target: Target): void => {
  run.metrics$.subscribe(({ step, steps }) => {
    if (step >= stepOf(target, steps) && step < steps) run.stop()
  })
}

/** What a run that is paused has reached; undefined if it has not come so far. */
const measured = async (folder: string, target: Target): Promise<PointOutcome | undefined> => {
  try {
    const reached = await reachedIn(folder, target)
    return reached && { type: 'paused', reached }
  } catch (thrown) {
    return { type: 'failed', error: toPwoaError('search', thrown) }
  }
}

const outcomeOf = async ({ folder, result }: RunHandle, target: Target | undefined): Promise<PointOutcome> => {
  const ended = await result
  if (isLeft(ended)) {
    const paused = ended.left._tag === 'InterruptedError' && target ? await measured(folder, target) : undefined
    return paused ?? { type: 'failed', error: ended.left }
  }
  const end = target && (await measured(folder, target))
  if (end?.type === 'failed') return end
  await removeCheckpoints(folder)
  return { type: 'done', summary: ended.right, ...given({ reached: end?.type === 'paused' ? end.reached : undefined }) }
}

/**
 * A finished run is never resumed, and a study has many runs: their checkpoints are removed, except the best one. Failures
 * are ignored: a checkpoint that stays only takes space.
 */
const removeCheckpoints = async (folder: string): Promise<void> => {
  const place = join(folder, 'checkpoints')
  const names = namesIn(place).filter((name) => name.startsWith('step-'))
  await Promise.allSettled(names.map((name) => rm(join(place, name), { force: true })))
}

/** Milliseconds between two reports. */
const PAUSE = 250

const reportProgress = (run: RunHandle, onProgress: (progress: PointProgress) => void): void => {
  let last = Number.NEGATIVE_INFINITY
  const report = (progress: () => PointProgress): void => {
    const now = performance.now()
    if (now - last < PAUSE) return
    last = now
    onProgress(progress())
  }
  run.metrics$.subscribe(({ phase, epoch, epochs, step, steps, loss }) =>
    report(() => ({ type: 'training', phase, epoch, epochs, step, steps, loss })),
  )
  run.events$.subscribe((event: RunEvent) => {
    // The sweep's own title says that it is a trial.
    if (event.type === 'warning' && event.stage !== TRIAL)
      onProgress({ type: 'warning', stage: event.stage, message: event.message })
    if (event.type !== 'evaluating') return
    const { subject, attack, done, total } = event
    report(() => ({ type: 'evaluating', subject, attack, done, total }))
  })
}
