import { map, merge, mergeMap, type Observable, startWith, withLatestFrom } from 'rxjs'
import type { RunEvent } from '../../dsl/events.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import type { RunHandle } from '../../dsl/pipeline/run.js'

/** Figures by name, and how many training steps were done. */
export interface Measured {
  readonly step: number
  readonly values: Readonly<Record<string, number>>
}

const figuresOf = dispatchSome<RunEvent, [], Readonly<Record<string, number>>>({
  evaluation: ({ accuracies: { clean, attacks } }) => ({ clean, ...attacks }),
  own: ({ name, values }) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${name}/${key}`, value])),
})

/** What programs that track runs get of a run: losses, accuracies and figures of the user's own, as they arrive. */
export const measuredOf = ({ metrics$, events$ }: Pick<RunHandle, 'metrics$' | 'events$'>): Observable<Measured> => {
  const step$ = metrics$.pipe(map(({ step }) => step))
  const losses$ = metrics$.pipe(
    map(({ step, loss, terms, metrics }) => ({ step, values: { loss, ...terms, ...metrics } })),
  )
  const figures$ = events$.pipe(
    mergeMap((event) => [figuresOf(event) ?? []].flat()),
    withLatestFrom(step$.pipe(startWith(0))),
    map(([values, step]) => ({ step, values })),
  )
  return merge(losses$, figures$)
}
