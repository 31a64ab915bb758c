import { isObservable, type Observable, Subject, type Subscription, takeUntil } from 'rxjs'
import type { Observer } from '../../dsl/pipeline/pipeline.js'
import type { RunHandle } from '../../dsl/pipeline/run.js'
import type { ActiveRun } from './activeRun.js'
import { routed } from './unhandledErrors.js'

type Failed = (thrown: unknown) => void

/** Milliseconds after which a run that waits for observers says so, and one that was stopped before waits no longer. */
const PATIENCE = 10_000

/** A run's observers at work. */
export interface Observing {
  /**
   * Completes what they see, waits for the observables among them, and unsubscribes them all. One that does not
   * complete is a warning; stopping the run ends the wait.
   */
  readonly end: () => Promise<void>
}

/** Lets a pipeline's observers subscribe. What goes wrong in them goes to `observerFailed`. */
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
  // Their streams end before the run's own do: warnings of what they still send are told on those.
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
      // An observer of a run that was stopped before may still send its last words.
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
  /** Resolves when it is over, well or not, or left. */
  readonly over: Promise<void>
}

const follow = (observable: Observable<unknown>, failed: Failed): Followed => {
  const subscription = observable.subscribe({ error: failed })
  return { subscription, over: new Promise((resolve) => subscription.add(resolve)) }
}
