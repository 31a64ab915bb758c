/**
 * Square matrices of n examples as plain numbers, row after row, several in a row where it says so. A pass over n²
 * numbers here costs less than one tensor operation, and its sums are float64 on every engine.
 */

/** (HKH)_ij of a symmetric K: the means of rows and columns taken out. @returns n × n, in float64 */
export const centred = (kernel: ArrayLike<number>, n: number, start = 0): Float64Array => {
  const means = new Float64Array(n)
  let mean = 0
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += kernel[start + i * n + j] ?? 0
    means[i] = sum / n
    mean += sum / n ** 2
  }
  const out = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const shift = mean - (means[i] ?? 0)
    for (let j = 0; j < n; j++) out[i * n + j] = (kernel[start + i * n + j] ?? 0) + shift - (means[j] ?? 0)
  }
  return out
}

/** scale·‖z_i − z_j‖² from the Gram matrix of the z; exactly zero on the diagonal. Written to `out` from `to` on. */
export const scaledDistances = (gram: ArrayLike<number>, n: number, scale: number, out: Float32Array, to = 0): void => {
  for (let i = 0; i < n; i++) {
    const own = gram[i * n + i] ?? 0
    for (let j = 0; j < n; j++)
      out[to + i * n + j] = i === j ? 0 : scale * (own + (gram[j * n + j] ?? 0) - 2 * (gram[i * n + j] ?? 0))
  }
}

/** Σ_ij a_ij·b_ij. */
export const sumOfProducts = (a: ArrayLike<number>, b: ArrayLike<number>, size: number, startOfB = 0): number => {
  let sum = 0
  for (let i = 0; i < size; i++) sum += (a[i] ?? 0) * (b[startOfB + i] ?? 0)
  return sum
}

/** Σ_i a_ii. */
export const trace = (a: ArrayLike<number>, n: number): number => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += a[i * n + i] ?? 0
  return sum
}
