import { numbers } from '../../../../models/activations/arithmetic.js'
import { formulaOf } from '../../../../models/activations/formulas.js'
import type { Nonlinearity } from '../../../../models/activations/nonlinearity.js'
import { shortest } from './shortest.js'

/**
 * Where functions are compared. −1, 0 and 1 are among them, and numbers as large as float32 has: a bound of 50 is no bound
 * between −30 and 30.
 */
export const grid: Float64Array = Float64Array.of(
  ...[-30, -1, 0, 1, 30],
  ...[1e2, 1e3, 1e5, 1e8, 1e20, 3e38].flatMap((x) => [-x, x]),
  ...Array.from({ length: 96 }, (_, i) => -10 + 0.21 * i),
)

const MINUS_ONE = grid.indexOf(-1)
const ZERO = grid.indexOf(0)
const ONE = grid.indexOf(1)

/** A function that a layer computes. */
export type Recognised =
  | { readonly type: 'identity' }
  | { readonly type: 'relu' }
  | { readonly type: 'activation'; readonly function: Nonlinearity }
  /** scale·x + shift. */
  | { readonly type: 'affine'; readonly scale: number; readonly shift: number }

/** The constants of files are float32: between that and the smallest difference of two functions, 2e-4. */
const TOLERANCE = 2e-6

/**
 * The layer that computes a function, by the function's values on `grid`; undefined if no layer does. So it does not
 * matter by which operators an exporter writes it. A parameter is read off one value, and the others confirm it.
 */
export const recognise = (values: Float64Array): Recognised | undefined => {
  const [low, middle, high] = [MINUS_ONE, ZERO, ONE].map((at) => values[at] ?? Number.NaN) as [number, number, number]
  const [scale, shift] = [high - middle, middle]
  if (isClose(values, (x) => x)) return { type: 'identity' }
  if (isClose(values, (x) => Math.max(0, x))) return { type: 'relu' }
  if (isClose(values, (x) => scale * x + shift))
    return { type: 'affine', scale: shortest(scale), shift: shortest(shift) }
  const found = plain.find((candidate) => isOf(values, candidate))
  if (found) return { type: 'activation', function: found }
  const slope = -low
  if (isOf(values, { type: 'leakyRelu', slope }))
    return { type: 'activation', function: { type: 'leakyRelu', slope: shortest(slope) } }
  const alpha = low / Math.expm1(-1)
  if (isOf(values, { type: 'elu', alpha }))
    return { type: 'activation', function: { type: 'elu', alpha: shortest(alpha) } }
  const beta = Math.LN2 / middle
  return isOf(values, { type: 'softplus', beta })
    ? { type: 'activation', function: { type: 'softplus', beta: shortest(beta) } }
    : undefined
}

const isOf = (values: Float64Array, candidate: Nonlinearity): boolean => {
  const { value } = formulaOf(candidate)
  return isClose(values, (x) => value(numbers, x))
}

const plain: readonly Nonlinearity[] = [
  { type: 'silu' },
  { type: 'gelu', approximate: 'none' },
  { type: 'gelu', approximate: 'tanh' },
  { type: 'sigmoid' },
  { type: 'tanh' },
  { type: 'relu6' },
  { type: 'hardSigmoid' },
  { type: 'hardSwish' },
  { type: 'mish' },
]

/** Compares with a function, up to the first number at which they differ. */
const isClose = (values: Float64Array, wanted: (x: number) => number): boolean =>
  values.every((value, i) => {
    const other = wanted(grid[i] ?? Number.NaN)
    return Math.abs(value - other) <= TOLERANCE * Math.max(1, Math.abs(other))
  })
