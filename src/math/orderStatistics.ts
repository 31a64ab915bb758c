/**
 * The k-th smallest value (k from 0) and the next one; for the largest value, that value twice. Does not sort: the time
 * grows linearly with the number of values.
 *
 * @param values without NaN; not changed
 * Source: Hoare, "Algorithm 65: find", Communications of the ACM 4, 1961, with the median of three as pivot.
 */
export const neighboursAt = (values: Float64Array, k: number): readonly [number, number] => {
  const array = values.slice()
  let [left, right] = [0, array.length - 1]
  while (left < right) {
    const pivot = medianOfThree(array[left] ?? 0, array[(left + right) >> 1] ?? 0, array[right] ?? 0)
    let [i, j] = [left, right]
    while (i <= j) {
      while ((array[i] ?? 0) < pivot) i += 1
      while ((array[j] ?? 0) > pivot) j -= 1
      if (i > j) break
      const kept = array[i] ?? 0
      array[i] = array[j] ?? 0
      array[j] = kept
      i += 1
      j -= 1
    }
    // Values at left … j are at most the pivot, those at i … right at least; any between j and i equal it.
    if (k <= j) right = j
    else if (k >= i) left = i
    else break
  }
  // All values after place k are at least the k-th.
  let next = array[k + 1] ?? array[k] ?? 0
  for (let i = k + 2; i < array.length; i++) next = Math.min(next, array[i] ?? 0)
  return [array[k] ?? 0, next]
}

const medianOfThree = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))

/** The middle value, or the mean of the middle two; 0 of none. */
export const median = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}
