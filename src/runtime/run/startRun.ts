import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { errorOf, type PwoaError } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline.js'
import type { RunHandle, RunOptions, Summary } from '../../dsl/run.js'
import type { Step } from '../../dsl/step.js'
import { chooseFolder } from '../folder/runFolder.js'
import { type ActiveRun, makeActiveRun } from './activeRun.js'
import { eventLoopTurn } from './concurrency.js'
import { executeRun } from './executeRun.js'
import { attachObservers } from './observers.js'
import type { RunDependencies } from './runDependencies.js'
import { catchUnhandled } from './unhandledErrors.js'

/**
 * Makes the function that starts runs. A run begins in a later turn of the event loop, so that whoever started it
 * can subscribe first; it subscribes once to the pipeline and multicasts.
 */
export const startRunWith =
  (dependencies: RunDependencies) =>
  (pipeline: Pipeline<Step>, options: RunOptions): RunHandle => {
    const folder = chooseFolder(pipeline.name, options, new Date())
    const controller = new AbortController()
    const active = makeActiveRun({ pipeline, options, dependencies, folder, signal: controller.signal })
    const handle: RunHandle = {
      folder,
      metrics$: active.metrics.asObservable(),
      events$: active.events.asObservable(),
      stop: () => controller.abort(),
      pause: active.pauseControl.pause,
      proceed: active.pauseControl.proceed,
      result: eventLoopTurn().then(() => watched(active, handle)),
    }
    return handle
  }

const watched = async (active: ActiveRun, handle: RunHandle): Promise<Either<PwoaError, Summary>> => {
  const release = catchUnhandled()
  const ended = eventLoopTurn().then(() => outcome(active))
  const observing = attachObservers(active.pipeline.observers, { ...handle, result: ended }, active)
  const result = await ended
  await observing.end()
  active.publish(() => {
    active.metrics.complete()
    active.events.complete()
  })
  await eventLoopTurn()
  release()
  return result
}

const outcome = async (active: ActiveRun): Promise<Either<PwoaError, Summary>> => {
  try {
    return E.right(await executeRun(active))
  } catch (thrown) {
    return E.left(errorOf(active.pipeline.name, thrown))
  }
}
