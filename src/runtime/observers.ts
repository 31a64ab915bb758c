import type { Observer } from '../dsl/pipeline.js'
import type { RunHandle } from '../dsl/run.js'
import { routed } from './unhandled.js'

/** Lets a pipeline's observers subscribe; returns what unsubscribes them. What they throw goes to `failed`. */
export const attachObservers = (
  observers: readonly Observer[],
  run: RunHandle,
  failed: (thrown: unknown) => void,
): (() => void) => {
  const attempt = <A>(act: () => A): A | undefined => {
    try {
      return routed(failed, act)
    } catch (thrown) {
      failed(thrown)
      return undefined
    }
  }
  const attached = observers.map((observer) => attempt(() => observer(run)))
  return () => {
    for (const subscription of attached) if (subscription) attempt(() => subscription.unsubscribe())
  }
}
