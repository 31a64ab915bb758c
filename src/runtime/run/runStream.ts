import { Observable, type Observer, type Operator, type Subscription } from 'rxjs'
import { given } from '../../dsl/kit/given.js'
import { routed } from './unhandledErrors.js'

type Failed = (thrown: unknown) => void

/**
 * A stream of a run for its subscribers. What their callbacks throw goes to `failed`. So does the reason of a promise
 * that a callback returns (`subscribe(async () => …)`): RxJS drops the promise, and a rejection that is not handled ends
 * the process.
 */
export const runStream = <T>(source: Observable<T>, failed: Failed): Observable<T> =>
  new RunStream<T>(failed, (subscriber) =>
    source.subscribe({
      next: (value) => routed(failed, () => subscriber.next(value)),
      complete: () => routed(failed, () => subscriber.complete()),
    }),
  )

class RunStream<T> extends Observable<T> {
  readonly #failed: Failed

  constructor(failed: Failed, subscribe?: ConstructorParameters<typeof Observable<T>>[0]) {
    super(subscribe)
    this.#failed = failed
  }

  /** RxJS makes the result of an operator with it, so that `metrics$.pipe(…)` is watched as well. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    return Object.assign(new RunStream<R>(this.#failed), { source: this, operator })
  }

  override subscribe(
    next?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((thrown: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const observer: Partial<Observer<T>> =
      typeof next === 'object' && next !== null
        ? next
        : given({ next: next ?? undefined, error: error ?? undefined, complete: complete ?? undefined })
    return super.subscribe(isSubscriber(observer) ? observer : this.#watched(observer))
  }

  #watched(observer: Partial<Observer<T>>): Partial<Observer<T>> {
    const watch = (returned: unknown): void => {
      if (isPromise(returned)) returned.then(undefined, this.#failed)
    }
    return {
      next: (value) => watch(observer.next?.(value)),
      complete: () => watch(observer.complete?.()),
      // Without it RxJS reports an error, which a handler that does nothing would hide.
      ...(observer.error ? { error: (thrown) => watch(observer.error?.(thrown)) } : {}),
    }
  }
}

/** Whether it is a subscriber of an operator, of this copy of RxJS or another one: it is more than its callbacks. */
const isSubscriber = (observer: object): boolean => 'add' in observer && 'unsubscribe' in observer

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
