/** ADMM between two W-steps, on plain numbers. Paper: Sec. III-D, eqs. 10–12; Zhang et al., ECCV 2018. */

/** Z, the sparse copy of W, and U, the sum of what W still differs from it by (the scaled dual variable). */
export interface Split {
  readonly z: Float32Array
  readonly u: Float32Array
}

/**
 * Z ← Π_S(W + U), U ← U + W − Z. The first time there is no U, and only Z is set: Z ← Π_S(W), U ← 0.
 *
 * @param maskOf Π_S as a mask: 1 for each value that stays
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

/** How far an update was from the end: ‖W − Z‖ and ρ‖Z − Z before‖. */
export interface Residuals {
  readonly primal: number
  readonly dual: number
}

/**
 * Primal and dual residual of an update: Boyd et al., Distributed Optimization and ADMM, Sec. 3.3.
 *
 * @param before Z of the update before; without one the dual residual is 0
 * @param counts whether a weight is one of those that are pruned. @default all are
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
