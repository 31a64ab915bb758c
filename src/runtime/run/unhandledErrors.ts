import { AsyncLocalStorage } from 'node:async_hooks'
import { config } from 'rxjs'
import { PwoaFailure } from '../../dsl/errors.js'

type Route = (thrown: unknown) => void

// RxJS reports an exception in a subscriber's callback in a later turn of the event loop, without its origin. The
// asynchronous context in which the callback was called is still there then.
const routes = new AsyncLocalStorage<Route>()

/** Where a run takes what nothing has caught. */
export interface RunRoutes {
  /** Makes a warning of it: the run goes on. */
  readonly warn: Route
  /** Ends the run with it as its error. */
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
 * that the user has set before keeps its effect. Of the process itself it asks nothing: only the command, whose process
 * belongs to the run, listens for what nothing has caught, and hands it over by {@link handToRun}.
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
 * Hands over what nothing in the process has caught: to the run whose callback it comes from, or else to the run that is
 * under way, which ends with an exception and makes a warning of a rejected promise.
 *
 * @returns whether there is a run to take it
 */
export const handToRun = (kind: keyof typeof routeOf, thrown: unknown): boolean => {
  const route = routes.getStore() ?? underWay.at(-1)?.[routeOf[kind]]
  route?.(thrown)
  return route !== undefined
}

/**
 * Ends the run that is under way although the process has nothing to wait for: a stage or a data source waits for what
 * never comes. To be called when the event loop is empty; without it, Node would end the process in silence.
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
