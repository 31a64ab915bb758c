/** Takes what nothing in the process has caught, an exception or the reason of a rejected promise; false if it can't. */
export type Taker = (kind: 'exception' | 'rejection', thrown: unknown) => boolean

let taker: Taker = () => false

/** Listens for what nothing in the process catches, and calls `fail` with it unless a run takes it. */
export const listenForUncaught = (fail: (thrown: unknown) => void): void => {
  process
    .on('uncaughtException', (thrown) => void (taker('exception', thrown) || fail(thrown)))
    .on('unhandledRejection', (thrown) => void (taker('rejection', thrown) || fail(thrown)))
}

/** Lets a run take it. */
export const letTake = (taking: Taker): void => {
  taker = taking
}
