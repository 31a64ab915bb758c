/**
 * log softmax(z/T) of each row, in float64. The row's largest logit is subtracted first, so that no exponential
 * overflows.
 *
 * @param logits n × classes, row-major
 * @param temperature T > 0
 * @returns n × classes, row-major
 */
export const logSoftmax = (logits: ArrayLike<number>, classes: number, temperature = 1): Float64Array => {
  const out = new Float64Array(logits.length)
  for (let from = 0; from < logits.length; from += classes) {
    let largest = Number.NEGATIVE_INFINITY
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[from + c] ?? 0)
    let sum = 0
    for (let c = 0; c < classes; c++) sum += Math.exp(((logits[from + c] ?? 0) - largest) / temperature)
    const shift = Math.log(sum)
    for (let c = 0; c < classes; c++) out[from + c] = ((logits[from + c] ?? 0) - largest) / temperature - shift
  }
  return out
}
