import { isObservable, Observable, Subscription } from 'rxjs'
import type { Step } from '../step.js'

/**
 * `concatMap` for stages that are nearly always synchronous: a result of `project` is emitted at once. Only if it is an
 * Observable do later steps wait in order until it completes, with their minibatches held. An inner stream for every
 * training step would cost several times as much as the step's own bookkeeping.
 */
export const passOr =
  <S extends Step, R>(project: (step: S) => R | Observable<R>) =>
  (source: Observable<S>): Observable<R> =>
    new Observable((subscriber) => {
      const waiting: { readonly step: S; readonly letGo: () => void }[] = []
      let busy = false
      let ended = false

      const pass = (step: S): void => {
        let result: R | Observable<R>
        try {
          result = project(step)
        } catch (thrown) {
          subscriber.error(thrown)
          return
        }
        if (!isObservable(result)) {
          subscriber.next(result)
          return
        }
        busy = true
        const inner = new Subscription()
        subscriber.add(inner)
        inner.add(
          result.subscribe({
            next: (passed) => subscriber.next(passed),
            error: (thrown: unknown) => subscriber.error(thrown),
            complete: () => {
              subscriber.remove(inner)
              busy = false
              goOn()
            },
          }),
        )
      }
      const goOn = (): void => {
        while (!busy && !subscriber.closed) {
          const next = waiting.shift()
          if (!next) break
          pass(next.step)
          next.letGo()
        }
        if (ended && !busy) subscriber.complete()
      }

      subscriber.add(() => {
        for (const { letGo } of waiting.splice(0)) letGo()
      })
      subscriber.add(
        source.subscribe({
          next: (step) => {
            if (busy) waiting.push({ step, letGo: step.minibatch.hold() })
            else if (!subscriber.closed) pass(step)
          },
          error: (thrown: unknown) => subscriber.error(thrown),
          complete: () => {
            ended = true
            if (!busy) subscriber.complete()
          },
        }),
      )
    })
