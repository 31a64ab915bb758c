/** Sums over plain numbers, in float64 on every engine, from the first to the last. */

/** Σ_i x_i; 0 of none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Σ_i a_i·b_i; over two matrices Σ_ij a_ij·b_ij. */
export const sumOfProducts = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0
  for (let i = 0; i < a.length; i++) total += (a[i] ?? 0) * (b[i] ?? 0)
  return total
}

/** Σ_i a_ii of a matrix n × n, row by row. */
export const trace = (a: ArrayLike<number>, n: number): number => {
  let total = 0
  for (let i = 0; i < n; i++) total += a[i * n + i] ?? 0
  return total
}
