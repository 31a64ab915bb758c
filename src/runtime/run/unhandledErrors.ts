import { AsyncLocalStorage } from 'node:async_hooks'
import { config } from 'rxjs'

type Route = (thrown: unknown) => void

// RxJS tells of an exception in a subscriber's callback in a later turn and without saying whose it was; the
// asynchronous context in which the callback was called survives until then.
const routes = new AsyncLocalStorage<Route>()

let lasting = 0
let replaced: typeof config.onUnhandledError = null

const dispatch = (thrown: unknown): void => {
  const route = routes.getStore()
  if (!route) throw thrown
  route(thrown)
}

/** Runs `act`; what subscribers throw that it calls, now or through timers it starts, goes to `route`. */
export const routed = <A>(route: Route, act: () => A): A => routes.run(route, act)

/**
 * Keeps exceptions of subscribers from ending the process while a run lasts; returns what ends that. A handler of
 * the user's own, set before, stays in force.
 */
export const catchUnhandled = (): (() => void) => {
  if (lasting === 0) {
    replaced = config.onUnhandledError
    config.onUnhandledError ??= dispatch
  }
  lasting += 1
  return () => {
    lasting -= 1
    if (lasting === 0 && config.onUnhandledError === dispatch) config.onUnhandledError = replaced
  }
}
