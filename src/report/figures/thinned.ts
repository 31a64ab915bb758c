/** A list of bounded length that keeps an even selection of all values that were added. */
export interface Thinned<T> {
  readonly add: (value: T) => void
  /** In the order in which they were added; the newest is always among them. */
  readonly values: () => readonly T[]
}

/** An empty list. Whenever it exceeds `most` values, it drops every second one, and from then on keeps half as many. */
export const makeThinned = <T>(most: number): Thinned<T> => {
  let kept: T[] = []
  let stride = 1
  let added = 0
  let newest: T | undefined
  return {
    add: (value) => {
      newest = value
      if (added % stride === 0) kept.push(value)
      added += 1
      if (kept.length <= most) return
      kept = kept.filter((_, i) => i % 2 === 0)
      stride *= 2
    },
    values: () => (newest === undefined || kept.at(-1) === newest ? kept : [...kept, newest]),
  }
}
