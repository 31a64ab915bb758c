import { PwoaFailure } from '../../src/dsl/errors.js'

/** The error that something is refused with. */
export const refusalOf = (act: () => unknown): PwoaFailure['error'] => {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
  throw new Error('nothing was refused')
}
