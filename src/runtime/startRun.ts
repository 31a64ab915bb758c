import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../dsl/errors.js'
import type { Pipeline } from '../dsl/pipeline.js'
import type { RunHandle, RunOptions, Summary } from '../dsl/run.js'
import type { Step } from '../dsl/step.js'
import { errorOf } from './errorOf.js'
import { type Live, makeLive } from './live.js'
import type { Machinery } from './machinery.js'
import { attachObservers } from './observers.js'
import { perform } from './perform.js'
import { chooseFolder } from './runFolder.js'
import { turn } from './turn.js'
import { catchUnhandled } from './unhandled.js'

/**
 * Makes the function that starts runs. A run begins in a later turn of the event loop, so that whoever started it
 * can subscribe first; it subscribes once to the pipeline and multicasts.
 */
export const startRunWith =
  (machinery: Machinery) =>
  (pipeline: Pipeline<Step>, options: RunOptions): RunHandle => {
    const folder = chooseFolder(pipeline.name, options, new Date())
    const controller = new AbortController()
    const live = makeLive({ pipeline, options, machinery, folder, signal: controller.signal })
    const handle: RunHandle = {
      folder,
      metrics$: live.metrics.asObservable(),
      events$: live.events.asObservable(),
      stop: () => controller.abort(),
      pause: live.pace.pause,
      proceed: live.pace.proceed,
      result: turn().then(() => watched(live, handle)),
    }
    return handle
  }

const watched = async (live: Live, handle: RunHandle): Promise<Either<PwoaError, Summary>> => {
  const release = catchUnhandled()
  const ended = turn().then(() => outcome(live))
  const observing = attachObservers(live.pipeline.observers, { ...handle, result: ended }, live)
  const result = await ended
  await observing.end()
  live.publish(() => {
    live.metrics.complete()
    live.events.complete()
  })
  await turn()
  release()
  return result
}

const outcome = async (live: Live): Promise<Either<PwoaError, Summary>> => {
  try {
    return E.right(await perform(live))
  } catch (thrown) {
    return E.left(errorOf(live.pipeline.name, thrown))
  }
}
