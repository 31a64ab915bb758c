/**
 * The operations of which element-wise functions consist, on values of type V: numbers, tensors, or nodes of a graph.
 * An implementation of them runs, compiles or writes every function.
 */
export interface Arithmetic<V> {
  readonly constant: (value: number) => V
  readonly plus: (a: V, b: V) => V
  readonly minus: (a: V, b: V) => V
  readonly times: (a: V, b: V) => V
  /** exp(x). */
  readonly exp: (x: V) => V
  /** exp(x) − 1. */
  readonly expm1: (x: V) => V
  /** 1 / (1 + exp(−x)). */
  readonly sigmoid: (x: V) => V
  readonly tanh: (x: V) => V
  /** 2/√π ∫₀ˣ exp(−t²) dt. */
  readonly erf: (x: V) => V
  /** ln(1 + exp(x)). */
  readonly softplus: (x: V) => V
  /** The larger of x and a number. */
  readonly atLeast: (x: V, least: number) => V
  /** The smaller of x and a number. */
  readonly atMost: (x: V, most: number) => V
  /** 1 where x > 0, 0 elsewhere. */
  readonly step: (x: V) => V
}

/** The operations on numbers, in float64. */
export const numbers: Arithmetic<number> = {
  constant: (value) => value,
  plus: (a, b) => a + b,
  minus: (a, b) => a - b,
  times: (a, b) => a * b,
  exp: Math.exp,
  expm1: Math.expm1,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  erf: (x) => erf(x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  atLeast: Math.max,
  atMost: Math.min,
  step: (x) => (x > 0 ? 1 : 0),
}

/** From here on erf(x) is 1 in float64. */
const SATURATED = 6

/**
 * erf by its Maclaurin series with positive terms: erf(x) = 2/√π · exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, to some 1e-15.
 * Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 7.1.6.
 */
const erf = (x: number): number => {
  if (Number.isNaN(x) || Math.abs(x) >= SATURATED) return Number.isNaN(x) ? x : Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}
