/**
 * ADMM's updates between two W-steps, on plain numbers.
 *
 * Source: Jian et al., ICDM 2022, Sec. III-D, eqs. 10–12; Zhang et al., "A Systematic DNN Weight Pruning Framework
 * using Alternating Direction Method of Multipliers", ECCV 2018.
 */

/** Z, the sparse copy of W, and U, the scaled dual variable: the sum of all W − Z so far. */
export interface Split {
  readonly z: Float32Array
  readonly u: Float32Array
}

/**
 * Z ← Π_S(W + U), U ← U + W − Z. The first update: Z ← Π_S(W), U ← 0.
 *
 * @param u undefined in the first update
 * @param maskOf Π_S as a mask: 1 for each value that stays, else 0
 */
export const updateSplit = (
  w: Float32Array,
  u: Float32Array | undefined,
  maskOf: (values: Float32Array) => ArrayLike<number>,
): Split => {
  const sum = u ? w.map((value, i) => value + (u[i] ?? 0)) : w
  const mask = maskOf(sum)
  const z = sum.map((value, i) => value * (mask[i] ?? 0))
  return { z, u: u ? u.map((value, i) => value + (w[i] ?? 0) - (z[i] ?? 0)) : new Float32Array(w.length) }
}

/** How far an update is from convergence: ‖W − Z‖ and ρ‖Z − Z_before‖. */
export interface Residuals {
  readonly primal: number
  readonly dual: number
}

/**
 * Primal and dual residual of an update.
 *
 * @param before Z of the previous update; if undefined, the dual residual is 0
 * @param counts whether the weight at an index is prunable. @default all are
 * Source: Boyd et al., "Distributed Optimization and Statistical Learning via the Alternating Direction Method of
 * Multipliers", 2011, Sec. 3.3.
 */
export const residualsOf = (
  { w, z, before, rho }: { w: Float32Array; z: Float32Array; before: ArrayLike<number> | undefined; rho: number },
  counts: (i: number) => boolean = () => true,
): Residuals => {
  let [primal, dual] = [0, 0]
  for (let i = 0; i < z.length; i++) {
    if (!counts(i)) continue
    const value = z[i] ?? 0
    primal += ((w[i] ?? 0) - value) ** 2
    if (before) dual += (value - (before[i] ?? 0)) ** 2
  }
  return { primal: Math.sqrt(primal), dual: rho * Math.sqrt(dual) }
}
