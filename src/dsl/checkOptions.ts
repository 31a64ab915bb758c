import { rejectOption } from './errors.js'
import { nearOf } from './kit/nearest.js'

/** The names of all options of a type, also of those that may be left out: the compiler notices one that is missing. */
export type OptionNames<O> = Readonly<Record<keyof O, true>>

/**
 * Refuses an option of another name, which a file that nobody type-checked may have: what was meant by it would be left
 * out without a word. Returns the options as they are.
 *
 * @param of where they stand, for options within options: `options of rho`. @default 'options'
 * @throws OptionError
 */
export const checkOptions = <O extends object>(
  stage: string,
  options: O,
  names: NoInfer<OptionNames<O>>,
  of = 'options',
): O => {
  if (typeof options !== 'object' || options === null) return rejectOption(stage, `${of} in { … }`, options)
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return options
  const known = Object.keys(names)
  const near = nearOf(unknown, known)
  // Not as a hint, which is left for the line of the user's file.
  const guess = near === undefined ? '' : `; did you mean ${near}?`
  return rejectOption(stage, `${of} among ${known.join(', ')}`, `the unknown option "${unknown}"${guess}`)
}
