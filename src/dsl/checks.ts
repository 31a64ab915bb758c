import { rejectOption } from './errors.js'

/** Refuses an ε outside (0, 1]. @throws OptionError */
export const checkEpsilon = (attack: string, epsilon: number): void => {
  if (!(epsilon > 0 && epsilon <= 1)) rejectOption(attack, 'epsilon in (0, 1]', epsilon)
}

/** Refuses what is not a whole number of at least `least`. @throws OptionError */
export const checkWhole = (stage: string, option: string, value: number, least: number): void => {
  if (!Number.isInteger(value) || value < least) rejectOption(stage, `a whole number of ${option} >= ${least}`, value)
}

/** Refuses what is not a positive, finite number. @throws OptionError */
export const checkPositive = (stage: string, option: string, value: number): void => {
  if (!(value > 0 && Number.isFinite(value))) rejectOption(stage, `${option} > 0`, value)
}

/** Refuses what is not a finite number of at least `least`. @throws OptionError */
export const checkAtLeast = (stage: string, option: string, value: number, least: number): void => {
  if (!(value >= least && Number.isFinite(value))) rejectOption(stage, `${option} >= ${least}`, value)
}

/** Refuses a value that is not a key of the table. @throws OptionError */
export const checkAmong = (stage: string, option: string, table: object, value: string): void => {
  if (!Object.hasOwn(table, value))
    rejectOption(stage, `${option} among ${Object.keys(table).join(', ')}`, `"${value}"`)
}
