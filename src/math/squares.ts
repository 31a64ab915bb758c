/** Square matrices of n examples as plain numbers, row after row: sums over n² numbers, in float64 on every engine. */

/** Σ_ij a_ij·b_ij. */
export const sumOfProducts = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** Σ_i a_ii. */
export const trace = (a: ArrayLike<number>, n: number): number => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += a[i * n + i] ?? 0
  return sum
}
