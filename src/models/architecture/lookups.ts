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

/** Computes once for each object what follows from it, and keeps the result for as long as the object is in use. */
export const memoized = <K extends object, T>(compute: (of: K) => T): ((of: K) => T) => {
  const known = new WeakMap<K, { readonly result: T }>()
  return (of) => {
    const found = known.get(of) ?? { result: compute(of) }
    known.set(of, found)
    return found.result
  }
}
