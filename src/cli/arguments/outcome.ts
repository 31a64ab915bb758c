import type { PwoaError } from '../../dsl/errors.js'

/** What a command ends with: text for stdout with an exit code, or an error, perhaps with text that comes before it. */
export type Outcome =
  | { readonly text: string; readonly code: number }
  | { readonly error: PwoaError; readonly text?: string }

/** The exit code of each kind of error; 0 means that all was done. */
export const exitCodes: Readonly<Record<PwoaError['_tag'], number>> = {
  RunError: 1,
  WriteError: 1,
  UsageError: 2,
  OptionError: 2,
  FileError: 2,
  InterruptedError: 130,
}
