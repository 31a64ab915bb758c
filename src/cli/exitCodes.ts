import type { PwoaError } from '../dsl/errors.js'

/** The exit code of each kind of error; 0 is a run that is done. */
export const exitCodes: Readonly<Record<PwoaError['_tag'], number>> = {
  RunError: 1,
  WriteError: 1,
  UsageError: 2,
  OptionError: 2,
  FileError: 2,
  InterruptedError: 130,
}
