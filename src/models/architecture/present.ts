/**
 * The value of a key that a map is known to have.
 *
 * @throws Error if it is missing, which is a defect of this package
 */
export const present = <T>(values: ReadonlyMap<string, T>, key: string): T => {
  const value = values.get(key)
  if (value === undefined) throw new Error(`no value for "${key}"`)
  return value
}
