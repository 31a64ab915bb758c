import { dispatch } from '../../../dsl/kit/dispatch.js'
import { INPUT } from '../../../models/architecture/architecture.js'
import { clamped, rescaled, shifted } from './integers.js'
import { type Step, sizeOf } from './program.js'
import { countAlong, type IntegerProgram, type IntegerStep } from './quantised.js'

/**
 * The logits of a network in 8-bit integers, computed from all of its weights in the plainest way: what the C code must
 * return, bit for bit.
 *
 * @param image its bytes: rows, columns, channels
 * @returns logits in units of `unit`
 */
export const integerLogits = ({ steps, lastZero }: IntegerProgram, image: Uint8Array): Int32Array => {
  const values = new Map<string, Uint8Array | Int32Array>([[INPUT, image]])
  let last = new Int32Array()
  for (const each of steps) {
    const result = run(
      each,
      each.step.inputs.map((id) => values.get(id) ?? new Uint8Array()),
    )
    values.set(each.step.result, each.type === 'sums' && each.to === 'logits' ? result : Uint8Array.from(result))
    last = result
  }
  return lastZero === undefined ? last : last.map((value) => value - lastZero)
}

type Values = Uint8Array | Int32Array

const run = dispatch<IntegerStep, [readonly Values[]], Int32Array<ArrayBuffer>>({
  sums: ({ step, weights, bias, factors, zero, to }, [input]) => {
    const { from, groups } = step
    const row = weights.length / bias.length
    const [taken, made] = [from.channels / groups, step.to.channels / groups]
    return eachOutput(step, (top, left, o) => {
      let sum = bias[o] ?? 0
      for (let tap = 0; tap * taken < row; tap++) {
        const [y, x] = [top + Math.floor(tap / step.kernel[1]), left + (tap % step.kernel[1])]
        if (y < 0 || y >= from.height || x < 0 || x >= from.width) continue
        const at = (y * from.width + x) * from.channels + Math.floor(o / made) * taken
        for (let c = 0; c < taken; c++)
          sum += (weights[o * row + tap * taken + c] ?? 0) * ((input?.[at + c] ?? 0) - zero)
      }
      const result = rescaled(sum, factors[o] ?? { multiplier: 0, shift: 1 })
      return to === 'logits' ? result : clamped(result + to.zero, to.low)
    })
  },
  pool: ({ step, zero, to, factors }, [input]) =>
    eachOutput(step, (top, left, c, row, column) => {
      const inside: number[] = []
      for (let y = top; y < top + step.kernel[0]; y++)
        for (let x = left; x < left + step.kernel[1]; x++) {
          const value = pixel(step, input, y, x)?.(c)
          if (value !== undefined) inside.push(value)
        }
      if (step.of === 'largest') return Math.max(...inside)
      const count = countAlong(step, 0, step.from.height, row) * countAlong(step, 1, step.from.width, column)
      const sum = inside.reduce((total, value) => total + value - zero, 0)
      return clamped(rescaled(sum, factors.get(count) ?? { multiplier: 0, shift: 1 }) + to)
    }),
  map: ({ table }, [input]) => Int32Array.from(input ?? [], (value) => table[value] ?? 0),
  pad: ({ step, value, table }, [input]) =>
    eachOutput({ ...step, stride: [1, 1], padding: [step.top, step.left] }, (y, x, c) => {
      const own = pixel(step, input, y, x)?.(c)
      return own === undefined ? value : (table?.[own] ?? own)
    }),
  add: ({ step, zeros, multipliers, shift, to }, inputs) =>
    Int32Array.from({ length: sizeOf(step.to) }, (_, i) => {
      const terms = inputs.map((input, k) => ((input[i] ?? 0) - (zeros[k] ?? 0)) * (multipliers[k] ?? 0))
      return clamped(
        shifted(
          terms.reduce((a, b) => a + b, 0),
          shift,
        ) + to,
      )
    }),
})

/** The channels of a pixel; undefined beyond the image. */
const pixel = (
  { from: { height, width, channels } }: Step,
  input: Values | undefined,
  y: number,
  x: number,
): ((channel: number) => number) | undefined =>
  y < 0 || y >= height || x < 0 || x >= width
    ? undefined
    : (channel) => input?.[(y * width + x) * channels + channel] ?? 0

/** The outputs of all windows. @param of an output, by its window's corner and its channel */
const eachOutput = (
  {
    to,
    stride,
    padding,
  }: Pick<Step, 'to'> & { readonly stride: readonly number[]; readonly padding: readonly number[] },
  of: (top: number, left: number, channel: number, row: number, column: number) => number,
): Int32Array<ArrayBuffer> =>
  Int32Array.from({ length: sizeOf(to) }, (_, i) => {
    const [channel, at] = [i % to.channels, Math.floor(i / to.channels)]
    const [row, column] = [Math.floor(at / to.width), at % to.width]
    return of(
      row * (stride[0] ?? 1) - (padding[0] ?? 0),
      column * (stride[1] ?? 1) - (padding[1] ?? 0),
      channel,
      row,
      column,
    )
  })
