import { dispatch } from '../../dsl/kit/dispatch.js'
import type { Arithmetic } from './arithmetic.js'
import type { Nonlinearity } from './nonlinearity.js'

/** An element-wise function f and its derivative, in any arithmetic. */
export interface Formula {
  readonly value: <V>(on: Arithmetic<V>, x: V) => V
  /** f′(x). At a kink, it is the derivative to the left. */
  readonly slope: <V>(on: Arithmetic<V>, x: V) => V
}

/** 1 − x². */
const oneMinusSquare = <V>({ constant, minus, times }: Arithmetic<V>, x: V): V => minus(constant(1), times(x, x))

/** σ′ = σ·(1 − σ), of σ. */
const sigmoidSlope = <V>({ constant, minus, times }: Arithmetic<V>, s: V): V => times(s, minus(constant(1), s))

/** max(0, min(6, x + 3)) / 6. */
const hardSigmoid = <V>({ constant, plus, times, atLeast, atMost }: Arithmetic<V>, x: V): V =>
  times(atMost(atLeast(plus(x, constant(3)), 0), 6), constant(1 / 6))

/** 1 where low < x < high, 0 elsewhere. */
const between = <V>({ constant, minus, times, step }: Arithmetic<V>, x: V, low: number, high: number): V =>
  times(step(minus(x, constant(low))), step(minus(constant(high), x)))

/** Φ(x), the share of a standard normal distribution below x. */
const normalShare = <V>({ constant, plus, times, erf }: Arithmetic<V>, x: V): V =>
  times(plus(erf(times(x, constant(Math.SQRT1_2))), constant(1)), constant(0.5))

/** φ(x), the density of the standard normal distribution. */
const normalDensity = <V>({ constant, times, exp }: Arithmetic<V>, x: V): V =>
  times(exp(times(times(x, x), constant(-0.5))), constant(1 / Math.sqrt(2 * Math.PI)))

const CUBIC = 0.044715

/** tanh(√(2/π)·(x + 0.044715·x³)). */
const geluTanh = <V>({ constant, plus, times, tanh }: Arithmetic<V>, x: V): V =>
  tanh(times(plus(x, times(times(times(x, x), x), constant(CUBIC))), constant(Math.sqrt(2 / Math.PI))))

const exactGelu: Formula = {
  value: (on, x) => on.times(x, normalShare(on, x)),
  slope: (on, x) => on.plus(normalShare(on, x), on.times(x, normalDensity(on, x))),
}

const approximateGelu: Formula = {
  value: (on, x) => on.times(on.times(x, on.constant(0.5)), on.plus(geluTanh(on, x), on.constant(1))),
  slope: (on, x) => {
    const { constant, plus, times } = on
    const t = geluTanh(on, x)
    const inner = times(plus(times(times(x, x), constant(3 * CUBIC)), constant(1)), constant(Math.sqrt(2 / Math.PI)))
    const rise = times(times(oneMinusSquare(on, t), inner), times(x, constant(0.5)))
    return plus(times(plus(t, constant(1)), constant(0.5)), rise)
  },
}

/**
 * The formula of each function, as in PyTorch.
 *
 * Sources: SiLU, GELU: Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016. ELU: Clevert, Unterthiner, Hochreiter,
 * ICLR 2016. Hard sigmoid and swish: Howard et al., "Searching for MobileNetV3", ICCV 2019. Mish: Misra, BMVC 2020.
 */
export const formulaOf = dispatch<Nonlinearity, [], Formula>({
  silu: () => ({
    value: (on, x) => on.times(x, on.sigmoid(x)),
    slope: (on, x) => {
      const s = on.sigmoid(x)
      return on.plus(s, on.times(x, sigmoidSlope(on, s)))
    },
  }),
  gelu: ({ approximate }) => (approximate === 'tanh' ? approximateGelu : exactGelu),
  leakyRelu: ({ slope }) => ({
    value: (on, x) => on.plus(on.atLeast(x, 0), on.times(on.atMost(x, 0), on.constant(slope))),
    slope: (on, x) => on.plus(on.times(on.step(x), on.constant(1 - slope)), on.constant(slope)),
  }),
  elu: ({ alpha }) => ({
    value: (on, x) => on.plus(on.atLeast(x, 0), on.times(on.expm1(on.atMost(x, 0)), on.constant(alpha))),
    slope: (on, x) => {
      const up = on.step(x)
      const down = on.times(on.minus(on.constant(1), up), on.constant(alpha))
      return on.plus(up, on.times(down, on.exp(on.atMost(x, 0))))
    },
  }),
  softplus: ({ beta }) => ({
    value: (on, x) => on.times(on.softplus(on.times(x, on.constant(beta))), on.constant(1 / beta)),
    slope: (on, x) => on.sigmoid(on.times(x, on.constant(beta))),
  }),
  sigmoid: () => ({
    value: (on, x) => on.sigmoid(x),
    slope: (on, x) => sigmoidSlope(on, on.sigmoid(x)),
  }),
  tanh: () => ({
    value: (on, x) => on.tanh(x),
    slope: (on, x) => oneMinusSquare(on, on.tanh(x)),
  }),
  relu6: () => ({
    value: (on, x) => on.atMost(on.atLeast(x, 0), 6),
    slope: (on, x) => between(on, x, 0, 6),
  }),
  hardSigmoid: () => ({
    value: hardSigmoid,
    slope: (on, x) => on.times(between(on, x, -3, 3), on.constant(1 / 6)),
  }),
  hardSwish: () => ({
    value: (on, x) => on.times(x, hardSigmoid(on, x)),
    slope: (on, x) => on.plus(hardSigmoid(on, x), on.times(x, on.times(between(on, x, -3, 3), on.constant(1 / 6)))),
  }),
  mish: () => ({
    value: (on, x) => on.times(x, on.tanh(on.softplus(x))),
    slope: (on, x) => {
      const t = on.tanh(on.softplus(x))
      return on.plus(t, on.times(x, on.times(oneMinusSquare(on, t), on.sigmoid(x))))
    },
  }),
})
