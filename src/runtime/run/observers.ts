import { isObservable, type Observable, Subject, type Subscription, takeUntil } from 'rxjs'
import type { Observer } from '../../dsl/pipeline/pipeline.js'
import type { RunHandle } from '../../dsl/pipeline/run.js'
import type { ActiveRun } from './activeRun.js'
import { routed } from './unhandledErrors.js'

type Failed = (thrown: unknown) => void

/** Milliseconds after which a run that waits for observers warns, or, if it was stopped, ends without them. */
const PATIENCE = 10_000

/** The attached observers of a run. */
export interface Observing {
  /**
   * Completes the streams of the observers, waits for the observables among them, and unsubscribes them all. There is a
   * warning for one that does not complete; stopping the run ends the wait.
   */
  readonly end: () => Promise<void>
}

/** Subscribes a pipeline's observers to a run. Their errors go to `observerFailed`. */
export const attachObservers = (
  observers: readonly Observer[],
  run: RunHandle,
  {
    pipeline,
    signal,
    emit,
    observerFailed: failed,
  }: Pick<ActiveRun, 'pipeline' | 'signal' | 'emit' | 'observerFailed'>,
): Observing => {
  const ended = new Subject<void>()
  // The observers' streams end before the run's own streams, on which warnings of the observers are still emitted.
  const seen: RunHandle = {
    ...run,
    metrics$: run.metrics$.pipe(takeUntil(ended)),
    events$: run.events$.pipe(takeUntil(ended)),
  }
  const attempt = <A>(act: () => A): A | undefined => {
    try {
      return routed(failed, act)
    } catch (thrown) {
      failed(thrown)
      return undefined
    }
  }
  const warn = (message: string): void => emit({ type: 'warning', stage: pipeline.name, message })
  const attached = observers.map((observer) => attempt(() => observer(seen)))
  const followed = attached.flatMap((made) => attempt(() => (isObservable(made) ? [follow(made, failed)] : [])) ?? [])
  const leave = (): void => {
    const left = followed.filter(({ subscription }) => !subscription.closed)
    if (left.length > 0) warn('an observer that has not completed is left')
    for (const { subscription } of left) attempt(() => subscription.unsubscribe())
  }
  return {
    end: async () => {
      // An observer of a stopped run has some time to finish.
      const late = signal.aborted ? leave : () => warn('waiting for an observer that has not completed')
      signal.addEventListener('abort', leave)
      attempt(() => ended.next())
      const timer = setTimeout(late, PATIENCE)
      await Promise.all(followed.map(({ over }) => over))
      signal.removeEventListener('abort', leave)
      clearTimeout(timer)
      for (const made of attached) if (made && !isObservable(made)) attempt(() => made.unsubscribe())
    },
  }
}

interface Followed {
  readonly subscription: Subscription
  /** Resolves when the observable completes or fails, or is unsubscribed. */
  readonly over: Promise<void>
}

const follow = (observable: Observable<unknown>, failed: Failed): Followed => {
  const subscription = observable.subscribe({ error: failed })
  return { subscription, over: new Promise((resolve) => subscription.add(resolve)) }
}
