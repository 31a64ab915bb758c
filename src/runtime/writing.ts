import { PwoaFailure } from '../dsl/errors.js'
import { toWriteError } from '../io/writeWhole.js'

/** Runs something that writes `file`; what it throws becomes a `WriteError`. */
export const writing = <A>(stage: string, file: string, write: () => A): A => {
  try {
    return write()
  } catch (thrown) {
    throw new PwoaFailure(toWriteError(file, stage, thrown))
  }
}
