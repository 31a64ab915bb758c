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
  const affine = { scale: shortest(high - middle), shift: shortest(middle) }
  if (isClose(values, grid)) return { type: 'identity' }
  if (
    isClose(
      values,
      grid.map((x) => Math.max(0, x)),
    )
  )
    return { type: 'relu' }
  if (
    isClose(
      values,
      grid.map((x) => affine.scale * x + affine.shift),
    )
  )
    return { type: 'affine', ...affine }
  const candidates: readonly Nonlinearity[] = [
    ...plain,
    { type: 'leakyRelu', slope: shortest(-low) },
    { type: 'elu', alpha: shortest(low / Math.expm1(-1)) },
    { type: 'softplus', beta: shortest(Math.LN2 / middle) },
  ]
  const found = candidates.find((candidate) => {
    const { value } = formulaOf(candidate)
    return isClose(
      values,
      grid.map((x) => value(numbers, x)),
    )
  })
  return found && { type: 'activation', function: found }
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

const isClose = (values: Float64Array, wanted: Float64Array): boolean =>
  values.every((value, i) => {
    const other = wanted[i] ?? Number.NaN
    return Math.abs(value - other) <= TOLERANCE * Math.max(1, Math.abs(other))
  })
