import { AsyncLocalStorage } from 'node:async_hooks'
import { config } from 'rxjs'

type Route = (thrown: unknown) => void

// RxJS reports an exception in a subscriber's callback in a later turn of the event loop, without its origin. The
// asynchronous context in which the callback was called is still there then.
const routes = new AsyncLocalStorage<Route>()

let lasting = 0
let replaced: typeof config.onUnhandledError = null

const dispatch = (thrown: unknown): void => {
  const route = routes.getStore()
  if (!route) throw thrown
  route(thrown)
}

/** Runs `act`. Exceptions of subscribers that it calls, at once or by timers that it starts, go to `route`. */
export const routed = <A>(route: Route, act: () => A): A => routes.run(route, act)

/**
 * Keeps exceptions of subscribers from ending the process during a run. Returns the function to call at its end. A handler
 * that the user has set before keeps its effect.
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
