/**
 * The k-th smallest value (k from 0) and the one after it, the last one twice at the end: without sorting all of them, in
 * time that grows as their number does (Hoare's quickselect with the median of three).
 *
 * @param values without NaN; not changed
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
    // left … j are at most the pivot, i … right at least; what lies between is the pivot itself.
    if (k <= j) right = j
    else if (k >= i) left = i
    else break
  }
  // All behind place k are at least the k-th.
  let next = array[k + 1] ?? array[k] ?? 0
  for (let i = k + 2; i < array.length; i++) next = Math.min(next, array[i] ?? 0)
  return [array[k] ?? 0, next]
}

const medianOfThree = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
