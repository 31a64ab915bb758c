import { concat, defer, EMPTY, finalize, from, ignoreElements, type Observable, of, takeWhile } from 'rxjs'
import { passOr } from '../../dsl/stages/passOr.js'
import type { HasTraining, Step } from '../../dsl/step.js'

/** Work on the network before training and after it. */
export interface TwoEnds<S> {
  /** When the first step arrives; training waits for it. */
  readonly before: (first: S) => Promise<void>
  /** After the last step of training, if there was any. */
  readonly after: (last: S) => Promise<void>
}

/** Passes steps on, and works at both ends. Completes after the first step if no stage trains before it. */
export const beforeAndAfter =
  <S extends Step & Partial<HasTraining>>({ before, after }: TwoEnds<S>) =>
  (source: Observable<S>): Observable<S> =>
    defer(() => {
      let latest: S | undefined
      const pass = (step: S): S | Observable<S> => {
        const isFirst = latest === undefined
        latest = step
        if (!isFirst) return step
        // The minibatch is held while the work goes on, so that training waits and the student stays as it is.
        const letGo = step.minibatch.hold()
        return concat(defer(() => before(step)).pipe(ignoreElements()), of(step)).pipe(finalize(letGo))
      }
      return concat(
        source.pipe(
          passOr(pass),
          takeWhile(({ training }) => training !== undefined, true),
        ),
        defer(() => (latest?.training ? from(after(latest)).pipe(ignoreElements()) : EMPTY)),
      )
    })
