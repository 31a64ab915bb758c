import { AsyncLocalStorage } from 'node:async_hooks'
import { config } from 'rxjs'
import { PwoaFailure } from '../../dsl/errors.js'

type Route = (thrown: unknown) => void

// RxJS reports an exception in a subscriber's callback in a later turn of the event loop, without its origin. The
// asynchronous context in which the callback was called is still there then.
const routes = new AsyncLocalStorage<Route>()

/** What a run does with an exception that nothing has caught. */
export interface RunRoutes {
  /** Emits a warning; the run continues. */
  readonly warn: Route
  /** Ends the run with this error. */
  readonly fail: Route
}

const underWay: RunRoutes[] = []
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
 * that the user has set before keeps its effect. It adds no listeners to the process: only the command, whose process
 * belongs to the run, listens for uncaught exceptions and passes them to {@link handToRun}.
 */
export const catchUnhandled = (run: RunRoutes): (() => void) => {
  if (underWay.length === 0) {
    replaced = config.onUnhandledError
    config.onUnhandledError ??= dispatch
  }
  underWay.push(run)
  return () => {
    underWay.splice(underWay.indexOf(run), 1)
    if (underWay.length === 0 && config.onUnhandledError === dispatch) config.onUnhandledError = replaced
  }
}

const routeOf = { exception: 'fail', rejection: 'warn' } as const satisfies Readonly<Record<string, keyof RunRoutes>>

/**
 * Passes an uncaught exception or rejection to the run whose callback it comes from, or else to the run that is under way.
 * An exception ends that run; a rejected promise is a warning.
 *
 * @returns whether there is a run to take it
 */
export const handToRun = (kind: keyof typeof routeOf, thrown: unknown): boolean => {
  const route = routes.getStore() ?? underWay.at(-1)?.[routeOf[kind]]
  route?.(thrown)
  return route !== undefined
}

/**
 * Ends the run that is under way if the event loop is empty: a stage or a data source waits for something that never
 * happens. Without this, Node would end the process without a message.
 */
export const failIdle = (): void =>
  underWay.at(-1)?.fail(
    new PwoaFailure({
      _tag: 'RunError',
      stage: 'pipe',
      expected: 'each operator to pass its steps on',
      actual: 'nothing to wait for: an operator, or the data source, waits for what never comes',
    }),
  )
