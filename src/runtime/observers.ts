import { isObservable, type Observable, Subject, takeUntil } from 'rxjs'
import type { Observer } from '../dsl/pipeline.js'
import type { RunHandle } from '../dsl/run.js'
import { routed } from './unhandled.js'

type Failed = (thrown: unknown) => void

/** A run's observers at work. */
export interface Observing {
  /** Completes what they see, waits for the observables among them, and unsubscribes the others. */
  readonly end: () => Promise<void>
}

/** Lets a pipeline's observers subscribe. What goes wrong in them goes to `failed`. */
export const attachObservers = (observers: readonly Observer[], run: RunHandle, failed: Failed): Observing => {
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
  const attached = observers.map((observer) => attempt(() => observer(seen)))
  const waiting = attached.flatMap((made) => attempt(() => (isObservable(made) ? [endOf(made, failed)] : [])) ?? [])
  return {
    end: async () => {
      attempt(() => ended.next())
      await Promise.all(waiting)
      for (const made of attached) if (made && !isObservable(made)) attempt(() => made.unsubscribe())
    },
  }
}

/** Resolves when an observable is over, well or not. */
const endOf = (observable: Observable<unknown>, failed: Failed): Promise<void> =>
  new Promise((resolve) => {
    observable.subscribe({
      complete: resolve,
      error: (thrown: unknown) => {
        failed(thrown)
        resolve()
      },
    })
  })
