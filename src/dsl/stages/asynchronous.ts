import { defer, finalize, Observable, tap } from 'rxjs'
import type { Step } from '../step.js'

/**
 * Wraps a plain RxJS operator that emits steps later than it receives them (`delay`, `concatMap` to a promise), so that
 * it can be used before a stage that trains. Each minibatch is held from its arrival until it has passed, and the source
 * waits meanwhile. The operator must emit every step, in order.
 *
 * @example
 * pipeline('slow', mnist()).pipe(asynchronous(delay(10)), loadTeacher('teacher.pth', { architecture: 'mnistNet' }))
 */
export const asynchronous =
  <S extends Step, R extends Step>(operator: (source: Observable<S>) => Observable<R>) =>
  (source: Observable<S>): Observable<R> =>
    defer(() => {
      const held: (() => void)[] = []
      const passing = operator(source.pipe(tap((step) => void held.push(step.minibatch.hold()))))
      return letGoAfter(passing, () => held.shift()?.()).pipe(
        finalize(() => {
          for (const letGo of held.splice(0)) letGo()
        }),
      )
    })

/** Calls `afterwards` when the whole downstream has received a value: `tap` would call it before. */
const letGoAfter = <T>(source: Observable<T>, afterwards: () => void): Observable<T> =>
  new Observable((subscriber) =>
    source.subscribe({
      next: (value) => {
        subscriber.next(value)
        afterwards()
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  )
