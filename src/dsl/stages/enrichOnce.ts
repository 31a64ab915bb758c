import { defer, finalize, from, map, type Observable } from 'rxjs'
import type { Step } from '../step.js'
import { enrich } from './enrich.js'
import { passOr } from './passOr.js'

/**
 * Adds fields that need asynchronous work once per run, such as reading a checkpoint. The first minibatch is held until
 * they are there, so that the source waits; later steps pass synchronously.
 *
 * @param make makes the fields; it registers what must be freed with `run.atEnd`
 */
export const enrichOnce =
  <A extends object>(stage: string, make: (step: Step) => Promise<A>) =>
  <S extends Step>(source: Observable<S>): Observable<S & A> =>
    defer(() => {
      let made: A | undefined
      const first = (step: S): Observable<S & A> => {
        const letGo = step.minibatch.hold()
        return from(make(step)).pipe(
          map((adds) => {
            made = adds
            return enrich(stage, step, adds)
          }),
          finalize(letGo),
        )
      }
      return source.pipe(passOr((step) => (made ? enrich(stage, step, made) : first(step))))
    })
