import type { ImageShape } from '../../../dsl/dataset.js'
import { dispatch } from '../../../dsl/kit/dispatch.js'
import { numbers } from '../../../models/activations/arithmetic.js'
import { formulaOf } from '../../../models/activations/formulas.js'
import { INPUT } from '../../../models/architecture/architecture.js'
import { refuse } from '../../files/refusal.js'
import {
  biasIntegers,
  leastScales,
  ownScales,
  type Quantisation,
  type Range,
  signedRows,
  unsignedGrid,
} from '../onnx/quantize.js'
import { clamped, type Factor, factorOf } from './integers.js'
import type { AddStep, Mapping, MapStep, PadStep, PoolStep, Program, Step, SumsStep } from './program.js'

/** Sums of products of integers, and the factor of each output from its sums to the grid of the result. */
interface IntegerSums {
  readonly type: 'sums'
  readonly step: SumsStep
  readonly weights: Int8Array
  readonly bias: Int32Array
  readonly factors: readonly Factor[]
  readonly zero: number
  /** The grid's 0 in the result; `logits` stay 32-bit sums in one unit. */
  readonly to: 'logits' | { readonly zero: number; readonly low: number }
}

/** The largest of a window keeps its grid. A mean is a sum of (x − zero) times the factor of its number of pixels. */
interface IntegerPool {
  readonly type: 'pool'
  readonly step: PoolStep
  readonly zero: number
  readonly to: number
  /** By the number of pixels that count; for means. */
  readonly factors: ReadonlyMap<number, Factor>
}

/** The result for each of the 256 integers. */
interface IntegerMap {
  readonly type: 'map'
  readonly step: MapStep
  readonly table: Uint8Array
}

/** An image with more pixels, its own ones by a table if the grid changes. */
interface IntegerPad {
  readonly type: 'pad'
  readonly step: PadStep
  readonly value: number
  readonly table: Uint8Array | undefined
}

/** ⌊(Σ (x − zero) · multiplier + 2^(shift − 1)) / 2^shift⌋, in 32 bits. */
interface IntegerAdd {
  readonly type: 'add'
  readonly step: AddStep
  readonly zeros: readonly number[]
  readonly multipliers: readonly number[]
  readonly shift: number
  readonly to: number
}

/** A step in integers. */
export type IntegerStep = IntegerSums | IntegerPool | IntegerMap | IntegerPad | IntegerAdd

/** A network in 8-bit integers. */
export interface IntegerProgram {
  readonly program: Program
  readonly steps: readonly IntegerStep[]
  /** What a logit's unit is, in the float network. */
  readonly unit: number
  /** The 0 of the last value if it is not 32-bit sums: it is taken from them. */
  readonly lastZero: number | undefined
}

/** A pixel of a byte: b / 255. */
const PIXELS: Quantisation = { scale: 1 / 255, zeroPoint: 0 }

/**
 * A program in integers: activations uint8 with one scale and zero point, weights int8 with a scale for each output,
 * biases and sums int32. The image is bytes.
 *
 * @param ranges of the result of each step, by id
 * @throws Refusal for sums that may exceed 32 bits
 * Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * CVPR 2018.
 */
export const quantised = (program: Program, ranges: ReadonlyMap<string, Range>): IntegerProgram => {
  const grids = new Map<string, Quantisation>([[INPUT, PIXELS]])
  const last = program.steps.at(-1)
  let unit = 1
  const steps = program.steps.map((step): IntegerStep => {
    const from = step.inputs.map((id) => grids.get(id) ?? PIXELS)
    const source = from[0] ?? PIXELS
    if (step === last && step.type === 'sums' && step.activation === 'linear') {
      const whole = integerSums(step, source)
      unit = Math.max(...whole.scales)
      return sumsTo(step, whole, source, unit, 'logits')
    }
    const to = keepsGrid(step)
      ? source
      : unsignedGrid(ranges.get(step.result) ?? refuse(`a range of "${step.result}"`, 'none'))
    grids.set(step.result, to)
    return quantisedStep(step, { from, source, to })
  })
  const end = last && grids.get(last.result)
  return { program, steps, unit: end?.scale ?? unit, lastZero: end?.zeroPoint }
}

/** Whether a step only selects or moves numbers, and zeros. */
const keepsGrid = (step: Step): boolean =>
  (step.type === 'pool' && step.of === 'largest') || (step.type === 'pad' && step.value === 0)

interface Grids {
  readonly from: readonly Quantisation[]
  readonly source: Quantisation
  readonly to: Quantisation
}

const quantisedStep = dispatch<Step, [Grids], IntegerStep>({
  sums: (step, { source, to }) =>
    sumsTo(step, integerSums(step, source), source, to.scale, {
      zero: to.zeroPoint,
      low: step.activation === 'relu' ? to.zeroPoint : 0,
    }),
  pool: (step, { source, to }) => ({
    type: 'pool',
    step,
    zero: source.zeroPoint,
    to: to.zeroPoint,
    factors: new Map(step.of === 'mean' ? countsOf(step).map((n) => [n, factorOf(source.scale / (to.scale * n))]) : []),
  }),
  map: (step, { source, to }) => ({
    type: 'map',
    step,
    table: tableOf(source, to, (x) => mapped(step.function, x)),
  }),
  pad: (step, { source, to }) => ({
    type: 'pad',
    step,
    value: onGrid(to, step.value),
    table: source === to ? undefined : tableOf(source, to, (x) => x),
  }),
  add: (step, { from, to }) => {
    const ratios = from.map(({ scale }) => scale / to.scale)
    // One bit is left for rounding.
    const sum = ratios.reduce((total, ratio) => total + 256 * ratio, 0)
    const shift = Math.min(30, Math.floor(30 - Math.log2(sum)))
    if (shift < 1) refuse(`summands of "${step.name}" that are not far larger than their sum`, 'a sum near 0')
    return {
      type: 'add',
      step,
      zeros: from.map(({ zeroPoint }) => zeroPoint),
      multipliers: ratios.map((ratio) => Math.round(ratio * 2 ** shift)),
      shift,
      to: to.zeroPoint,
    }
  },
})

interface WholeSums {
  readonly weights: Int8Array
  readonly bias: Int32Array
  /** Of the sums of each output. */
  readonly scales: readonly number[]
}

const integerSums = (step: SumsStep, source: Quantisation): WholeSums => {
  const { values, scales } = signedRows(step.weights, ownScales(step.weights, leastScales(step.bias, source.scale)))
  const sums = scales.map((scale) => Math.fround(scale * source.scale))
  const bias = biasIntegers(step.bias, sums)
  const row = values.length / bias.length
  for (const [o, own] of bias.entries()) {
    const most = values
      .subarray(o * row, (o + 1) * row)
      .reduce((sum, value) => sum + 255 * Math.abs(value), Math.abs(own))
    if (most >= 2 ** 31) refuse(`sums of "${step.name}" that fit in 32 bits`, `${row} inputs of one output`)
  }
  return { weights: values, bias, scales: [...sums] }
}

const sumsTo = (
  step: SumsStep,
  { weights, bias, scales }: WholeSums,
  source: Quantisation,
  unit: number,
  to: IntegerSums['to'],
): IntegerStep => ({
  type: 'sums',
  step,
  weights,
  bias,
  factors: scales.map((scale) => factorOf(scale / unit)),
  zero: source.zeroPoint,
  to,
})

/** The integer of a number. */
const onGrid = ({ scale, zeroPoint }: Quantisation, x: number): number => clamped(Math.round(x / scale) + zeroPoint)

const tableOf = (source: Quantisation, to: Quantisation, of: (x: number) => number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, q) => onGrid(to, of((q - source.zeroPoint) * source.scale)))

const mapped = (given: Mapping, x: number): number =>
  given.type === 'relu'
    ? Math.max(0, x)
    : given.type === 'scale'
      ? given.factor * x
      : formulaOf(given).value(numbers, x)

/** The pixels that each window of a mean counts: rows × columns, each number once. */
const countsOf = (step: PoolStep): readonly number[] => {
  const along = (axis: 0 | 1, size: keyof Omit<ImageShape, 'channels'>): readonly number[] =>
    Array.from({ length: step.to[size] }, (_, i) => countAlong(step, axis, step.from[size], i))
  return [...new Set(along(0, 'height').flatMap((a) => along(1, 'width').map((b) => a * b)))].toSorted((a, b) => a - b)
}

/** The pixels along an axis that the mean of window `i` counts. */
export const countAlong = (
  { kernel, stride, padding, margin }: PoolStep,
  axis: 0 | 1,
  size: number,
  i: number,
): number => {
  const start = i * stride[axis] - padding[axis]
  return Math.min(start + kernel[axis], size + margin[axis]) - Math.max(start, -margin[axis])
}
