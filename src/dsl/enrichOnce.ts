import { defer, finalize, from, map, mergeMap, type Observable, tap } from 'rxjs'
import { enrich } from './enrich.js'
import type { Step } from './step.js'

/**
 * Adds fields that need asynchronous work once a run (reading a checkpoint). A minibatch that comes meanwhile
 * is held, so that the source waits; later steps pass synchronously. `make` registers what must be freed with `run.atEnd`.
 */
export const enrichOnce =
  <A extends object>(stage: string, make: (step: Step) => Promise<A>) =>
  <S extends Step>(source: Observable<S>): Observable<S & A> =>
    defer(() => {
      let making: Promise<A> | undefined
      let made: A | undefined
      const waiting = (step: S): Observable<A> => {
        const letGo = step.minibatch.hold()
        making ??= make(step)
        return from(making).pipe(
          tap((adds) => {
            made = adds
          }),
          finalize(letGo),
        )
      }
      return source.pipe(
        mergeMap((step) =>
          made ? [enrich(stage, step, made)] : waiting(step).pipe(map((adds) => enrich(stage, step, adds))),
        ),
      )
    })
