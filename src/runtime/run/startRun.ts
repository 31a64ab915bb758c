import type { Either } from 'fp-ts/lib/Either.js'
import { type PwoaError, valueOfResult } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { RunHandle, RunOptions, Summary } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'
import { chooseFolder } from '../folder/folderNames.js'
import { namedLogger } from '../loggers/namedLogger.js'
import { trialOf } from '../trial/trialOf.js'
import { type ActiveRun, makeActiveRun } from './activeRun.js'
import { eventLoopTurn } from './concurrency.js'
import { executeRun } from './executeRun.js'
import { attachObservers } from './observers.js'
import type { RunDependencies } from './runDependencies.js'
import { runStream } from './runStream.js'
import { onAbort, resultOf } from './startLater.js'
import { catchUnhandled } from './unhandledErrors.js'

/**
 * Makes the function that starts runs. A run starts in a later turn of the event loop, so that the caller can subscribe
 * first. It subscribes once to the pipeline and multicasts.
 */
export const startRunWith =
  (dependencies: RunDependencies) =>
  (given: Pipeline<Step>, options: RunOptions): RunHandle => {
    const wanted = options.trial === undefined ? given : trialOf(given)
    const pipeline = (options.log ?? []).reduce((logged, name) => logged.observe(namedLogger(name)), wanted)
    const folder = chooseFolder(pipeline.name, options, new Date())
    const controller = new AbortController()
    const active = makeActiveRun({ pipeline, options, dependencies, folder, signal: controller.signal })
    const stop = (): void => controller.abort()
    const release = onAbort(options.signal, stop)
    const result = eventLoopTurn()
      .then(() => watched(active, handle))
      .finally(release)
    const handle: RunHandle = {
      folder,
      metrics$: runStream(active.metrics, active.subscriberFailed),
      events$: runStream(active.events, active.subscriberFailed),
      stop,
      pause: active.pauseControl.pause,
      proceed: active.pauseControl.proceed,
      result,
      summary: valueOfResult(result),
    }
    return handle
  }

const watched = async (active: ActiveRun, handle: RunHandle): Promise<Either<PwoaError, Summary>> => {
  let isOver = false
  const release = catchUnhandled({
    warn: active.subscriberFailed,
    // When the work is done, there is nothing left to end.
    fail: (thrown) => (isOver ? active.subscriberFailed(thrown) : active.failure.fail(thrown)),
  })
  const ended = eventLoopTurn().then(() => resultOf(active.pipeline.name, () => executeRun(active)))
  const observing = attachObservers(
    active.pipeline.observers,
    { ...handle, result: ended, summary: valueOfResult(ended) },
    active,
  )
  const result = await ended
  isOver = true
  await observing.end()
  active.publish(() => {
    active.metrics.complete()
    active.events.complete()
  })
  await eventLoopTurn()
  release()
  return result
}
