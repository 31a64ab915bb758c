import {
  from,
  isObservable,
  type ObservableInput,
  Subject,
  type Subscription,
  takeUntil,
  type Unsubscribable,
} from 'rxjs'
import type { PlacedObserver } from '../../dsl/pipeline/pipeline.js'
import type { RunHandle } from '../../dsl/pipeline/run.js'
import { placeOf } from '../host/sourcePositions.js'
import type { ActiveRun } from './activeRun.js'
import { runStream } from './runStream.js'
import { routed } from './unhandledErrors.js'

/** Milliseconds after its work that a run waits for observers. */
const PATIENCE = 10_000

/** The attached observers of a run. */
export interface Observing {
  /**
   * Completes the streams of the observers, waits for the observables and promises among them, and unsubscribes them all.
   * One that is not over after 10 s is left, with a warning that names it; stopping the run ends the wait at once.
   */
  readonly end: () => Promise<void>
}

/** Subscribes a pipeline's observers to a run. Their errors are warnings. */
export const attachObservers = (
  observers: readonly PlacedObserver[],
  run: RunHandle,
  active: Pick<ActiveRun, 'pipeline' | 'signal' | 'emit' | 'subscriberFailed'>,
): Observing => {
  const { pipeline, signal, emit } = active
  const ended = new Subject<void>()
  const attached = observers.map((observer) => attach(observer, run, ended, active.subscriberFailed))
  const leave = (): void => {
    for (const { at, work, end } of attached) {
      if (!work || work.subscription.closed) continue
      const place = placeOf(undefined, at)
      const message = `an observer${place === undefined ? '' : ` (${place})`} has not completed, and is left`
      emit({ type: 'warning', stage: pipeline.name, message })
      end()
    }
  }
  return {
    end: async () => {
      signal.addEventListener('abort', leave)
      // The observers' streams end before the run's own streams, on which warnings of the observers are still emitted.
      ended.next()
      const timer = setTimeout(leave, PATIENCE)
      await Promise.all(attached.map(({ work }) => work?.over))
      signal.removeEventListener('abort', leave)
      clearTimeout(timer)
      for (const { end } of attached) end()
    },
  }
}

/** An observer that was called. */
interface Attached extends Pick<PlacedObserver, 'at'> {
  /** What the run waits for. */
  readonly work: Work | undefined
  /** Unsubscribes what the observer has returned. */
  readonly end: () => void
}

const attach = (
  { observer, at }: PlacedObserver,
  run: RunHandle,
  ended: Subject<void>,
  subscriberFailed: ActiveRun['subscriberFailed'],
): Attached => {
  const failed = (thrown: unknown): void => subscriberFailed(thrown, at)
  const attempt = <A>(act: () => A): A | undefined => {
    try {
      return routed(failed, act)
    } catch (thrown) {
      failed(thrown)
      return undefined
    }
  }
  const seen: RunHandle = {
    ...run,
    metrics$: runStream(run.metrics$.pipe(takeUntil(ended)), failed),
    events$: runStream(run.events$.pipe(takeUntil(ended)), failed),
  }
  const made = attempt(() => observer(seen))
  const work = attempt(() => (isAwaited(made) ? follow(made, failed) : undefined))
  const subscription: Unsubscribable | undefined = isAwaited(made) ? work?.subscription : (made ?? undefined)
  return { at, work, end: () => attempt(() => subscription?.unsubscribe()) }
}

const isAwaited = (made: unknown): made is ObservableInput<unknown> => isObservable(made) || made instanceof Promise

/** Work of an observer that the run waits for. */
interface Work {
  readonly subscription: Subscription
  /** Resolves when it completes or fails, or is unsubscribed. */
  readonly over: Promise<void>
}

const follow = (work: ObservableInput<unknown>, failed: (thrown: unknown) => void): Work => {
  const subscription = from(work).subscribe({ error: failed })
  return { subscription, over: new Promise((resolve) => subscription.add(resolve)) }
}
