import { defer, filter, finalize, map, type Observable } from 'rxjs'
import type { RunContext } from '../../dsl/context.js'
import { passOr } from '../../dsl/stages/passOr.js'
import { nextPosition, type Step, type TrainingMetrics } from '../../dsl/step.js'
import type { ActiveRun } from './activeRun.js'
import type { Recorder } from './recorder.js'
import { routed } from './unhandledErrors.js'

/**
 * Subscribes to the pipeline, once, until it completes or fails, or the run is stopped; then unsubscribes. The state of a
 * stopped run is saved first, between two steps.
 *
 * @throws the first failure
 */
export const runLoop = async (
  { pipeline, dependencies, metrics, publish, signal, pauseControl, failure }: ActiveRun,
  context: RunContext,
  recorder: Recorder,
): Promise<void> => {
  const seen = (step: Step): void => {
    const training = trainingOf(step)
    if (!training || !recorder.step(training, nextPosition(step.minibatch))) return
    publish(() => metrics.next(training))
  }
  const source = dependencies
    .minibatches(context, { batchSize: pipeline.source.batchSize, start: recorder.registry.position() })
    .pipe(
      filter(() => {
        recorder.rest()
        return !signal.aborted
      }),
      passOr((step) => {
        const rest = pauseControl.resting()
        return rest ? rested(step, rest, signal) : step
      }),
    )
  const over = latch()
  const ended = (act: () => void): void => {
    // A stage that notices the abort may complete or fail because of it: the run still counts as stopped.
    if (signal.aborted) return
    act()
    over.open()
  }
  // After two turns of the event loop the minibatch of a finished step is released.
  const stop = (): void =>
    void setImmediate(() =>
      setImmediate(() => {
        failure.guard(recorder.save)
        over.open()
      }),
    )
  if (signal.aborted) return
  signal.addEventListener('abort', stop)
  const subscription = routed(failure.fail, () =>
    pipeline.apply(source).subscribe({
      next: (step) => failure.guard(() => seen(step)),
      error: (thrown: unknown) => ended(() => failure.fail(thrown)),
      complete: () => ended(() => undefined),
    }),
  )
  try {
    await Promise.race([over.opened, failure.promise])
  } finally {
    signal.removeEventListener('abort', stop)
    subscription.unsubscribe()
  }
}

/** Delays a step until the pause ends, and drops it if the run is stopped. Its minibatch is held: no other is made. */
const rested = (step: Step, rest: Promise<void>, signal: AbortSignal): Observable<Step> => {
  const letGo = step.minibatch.hold()
  return defer(() => rest).pipe(
    filter(() => !signal.aborted),
    map(() => step),
    finalize(letGo),
  )
}

const trainingOf = (step: Step & { readonly training?: TrainingMetrics }): TrainingMetrics | undefined => step.training

const latch = () => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
