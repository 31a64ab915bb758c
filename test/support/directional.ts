/** Directional derivatives by central differences. */
import { norm, seededNumbers } from './numbers.js'

/** A function of several vectors, with one number as its value, in as many digits as can be had. */
export type Objective = (inputs: readonly Float32Array[]) => number

/** A random direction of length 1 for each input, the same for the same seed. */
const directions = (inputs: readonly Float32Array[], seed: number): readonly Float32Array[] =>
  inputs.map((input, i) => {
    const raw = seededNumbers(seed + 31 * i, input.length)
    const length = norm(raw) || 1
    return raw.map((value) => value / length)
  })

const moved = (inputs: readonly Float32Array[], along: readonly Float32Array[], step: number): Float32Array[] =>
  inputs.map((input, i) => input.map((value, j) => value + step * Number(along[i]?.[j])))

/**
 * The distance of a gradient from central differences along random directions: the largest of
 * |⟨gradient, v⟩ − (8·(f(+h) − f(−h)) − (f(+2h) − f(−2h))) / 12h|, in units of the typical ⟨gradient, v⟩ of a random
 * v of length 1, ‖gradient‖ / √size. Each input is changed alone, so that an error in one is not hidden by another.
 *
 * The formula is exact up to h⁴, so that h can be large enough for the rounding of f: 6e-8·f / h.
 */
export const gradientError = (
  objective: Objective,
  inputs: readonly Float32Array[],
  gradients: readonly ArrayLike<number>[],
  { step, seed = 1, count = 4 }: { readonly step: number; readonly seed?: number; readonly count?: number },
): number => {
  let worst = 0
  for (const [which, gradient] of gradients.entries()) {
    const typical = norm(gradient) / Math.sqrt(gradient.length)
    for (let i = 0; i < count; i++) {
      const along = directions(inputs, seed + 1000 * i).map((v, k) => (k === which ? v : new Float32Array(v.length)))
      const at = (times: number): number => objective(moved(inputs, along, times * step))
      const numeric = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)
      const analytic = Array.from(along[which] ?? []).reduce((sum, v, j) => sum + v * Number(gradient[j]), 0)
      const error = Math.abs(numeric - analytic) / (typical || 1)
      if (!(error <= worst)) worst = error
    }
  }
  return worst
}
