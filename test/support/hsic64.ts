/**
 * nHSIC and its gradient in float64, as the paper and its reference write them: kernels as they are, centred on one
 * side, inverted by elimination. Slow and plain, and nothing of it is shared with `src/math/hsic/hsic.ts`.
 */

const EPSILON = 1e-5
const SIGMA = 5

/** n × n, row after row. */
export type Square = Float64Array

const square = (n: number, at: (i: number, j: number) => number): Square =>
  Float64Array.from({ length: n * n }, (_, index) => at(Math.floor(index / n), index % n))

const sum = (count: number, at: (k: number) => number): number => {
  let total = 0
  for (let k = 0; k < count; k++) total += at(k)
  return total
}

const product = (a: Square, b: Square, n: number): Square =>
  square(n, (i, j) => sum(n, (k) => Number(a[i * n + k]) * Number(b[k * n + j])))

/** K of a Gaussian kernel; `z` holds n rows of features. */
export const gaussian64 = (z: ArrayLike<number>, n: number): Square => {
  const d = z.length / n
  return square(n, (i, j) =>
    Math.exp(-sum(d, (f) => (Number(z[i * d + f]) - Number(z[j * d + f])) ** 2) / (2 * SIGMA ** 2 * d)),
  )
}

/** K of a linear kernel. */
export const linear64 = (z: ArrayLike<number>, n: number): Square => {
  const d = z.length / n
  return square(n, (i, j) => sum(d, (f) => Number(z[i * d + f]) * Number(z[j * d + f])))
}

/** K·H: the mean of each row taken out. */
export const centredRight64 = (kernel: Square, n: number): Square => {
  const means = Array.from({ length: n }, (_, i) => sum(n, (k) => Number(kernel[i * n + k])) / n)
  return square(n, (i, j) => Number(kernel[i * n + j]) - Number(means[i]))
}

/** H·K: the mean of each column taken out. */
export const centredLeft64 = (kernel: Square, n: number): Square => {
  const means = Array.from({ length: n }, (_, j) => sum(n, (k) => Number(kernel[k * n + j])) / n)
  return square(n, (i, j) => Number(kernel[i * n + j]) - Number(means[j]))
}

/** Gauss–Jordan with the largest pivot of each column. */
const inverse = (matrix: Square, n: number): Square => {
  const rows = Array.from({ length: n }, (_, i) => [
    ...matrix.subarray(i * n, (i + 1) * n),
    ...Array.from({ length: n }, (_unused, j) => (i === j ? 1 : 0)),
  ])
  for (let column = 0; column < n; column++) {
    const largest = rows.reduce(
      (best, row, i) =>
        i >= column && Math.abs(Number(row[column])) > Math.abs(Number(rows[best]?.[column])) ? i : best,
      column,
    )
    const pivot = rows[largest] ?? []
    rows[largest] = rows[column] ?? []
    const scale = Number(pivot[column])
    const scaled = pivot.map((value) => value / scale)
    rows[column] = scaled
    for (const [i, row] of rows.entries()) {
      const factor = Number(row[column])
      if (i === column || factor === 0) continue
      for (let j = 0; j < row.length; j++) row[j] = Number(row[j]) - factor * Number(scaled[j])
    }
  }
  return Float64Array.from(rows.flatMap((row) => row.slice(n)))
}

const regularisedInverse = (kernel: Square, n: number): Square => {
  const centred = centredRight64(kernel, n)
  return inverse(
    square(n, (i, j) => Number(centred[i * n + j]) + (i === j ? EPSILON * n : 0)),
    n,
  )
}

/** R = KH·(KH + εnI)⁻¹. */
export const normalised64 = (kernel: Square, n: number): Square =>
  product(centredRight64(kernel, n), regularisedInverse(kernel, n), n)

/** tr(S·R) = Σ S ∘ Rᵀ. */
export const trace64 = (s: Square, r: Square, n: number): number =>
  sum(n, (i) => sum(n, (j) => Number(s[i * n + j]) * Number(r[j * n + i])))

/** ∂ tr(S·R_Z) / ∂z for the Gaussian kernel: R = I − εn·B⁻¹ with B = KH + εnI, so ∂/∂K = εn·(H·B⁻¹·S·B⁻¹)ᵀ. */
export const traceGradient64 = (z: ArrayLike<number>, s: Square, n: number): Float64Array => {
  const d = z.length / n
  const kernel = gaussian64(z, n)
  const b = regularisedInverse(kernel, n)
  const inner = product(product(b, s, n), b, n)
  const means = Array.from({ length: n }, (_, j) => sum(n, (k) => Number(inner[k * n + j])) / n)
  const g = square(n, (i, j) => EPSILON * n * (Number(inner[j * n + i]) - Number(means[i])))
  const gradient = new Float64Array(z.length)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const pull = ((Number(g[i * n + j]) + Number(g[j * n + i])) * Number(kernel[i * n + j])) / (-(SIGMA ** 2) * d)
      for (let f = 0; f < d; f++)
        gradient[i * d + f] = Number(gradient[i * d + f]) + pull * (Number(z[i * d + f]) - Number(z[j * d + f]))
    }
  return gradient
}
