/** What C files of both forms are written from. */
import { INPUT } from '../../../models/architecture/architecture.js'
import type { Buffers } from './buffers.js'
import { nonZeros, operationsOf, type PadStep, type PoolStep, type Step, type SumsStep, sizeOf } from './program.js'
import type { CompressedRows } from './rows.js'
import { arrayText, commentText, integerTexts } from './text.js'

/** The code of one step. */
export interface StepCode {
  /** Functions that it shares with others, by name. */
  readonly functions: ReadonlyMap<string, string>
  /** Its constants. */
  readonly constants: readonly string[]
  /** Their bytes. */
  readonly bytes: number
  /** How its weights are stored; for the comment. */
  readonly remark: string
  /** Statements. */
  readonly call: string
}

/** How values are called in C. */
export const nameIn =
  ({ offsets }: Buffers) =>
  (id: string): string =>
    id === INPUT ? 'image' : offsets.has(id) ? `(scratch + ${offsets.get(id)})` : 'logits'

/** The bytes of a layer's windows. */
export const WINDOW_BYTES = 13 * 4

/** The windows of a step as a constant. */
export const windowText = (index: number, step: SumsStep | PoolStep | PadStep): string => {
  const { from, to } = step
  const windows =
    step.type === 'pad' ? [1, 1, 1, 1, step.top, step.left] : [...step.kernel, ...step.stride, ...step.padding]
  const groups = step.type === 'sums' ? step.groups : 1
  const numbers = [from.height, from.width, from.channels, to.height, to.width, to.channels, ...windows, groups]
  return `static const struct window window_${index} = {${numbers.join(', ')}};\n`
}

/** Compressed rows without their weights, as constants. */
export const rowsText = (index: number, { counts, steps, width }: CompressedRows): readonly string[] => [
  arrayText('uint16_t', `counts_${index}`, integerTexts(counts)),
  arrayText(`uint${width}_t`, `steps_${index}`, integerTexts(steps)),
]

/** The bytes of compressed rows. @param weight bytes of a weight */
export const rowsBytes = ({ counts, steps, width }: CompressedRows, weight: number): number =>
  2 * counts.length + steps.length * (width / 8 + weight)

/** A loop over all numbers of a step's result. */
export const eachNumber = (step: Step, statement: string): string =>
  `  for (int32_t i = 0; i < ${sizeOf(step.to)}; i++) ${statement}\n`

const count = (n: number): string => n.toLocaleString('en')

const shapeText = ({ height, width, channels }: Step['to']): string =>
  height === 1 && width === 1 ? `${channels}` : `${height} x ${width} x ${channels}`

/** What a step computes and how, in a line. */
export const stepComment = (step: Step, remark: string): string => {
  const { dense, kept } = operationsOf(step)
  const sums = dense === 0 ? '' : `; ${count(kept)} of ${count(dense)} multiply-accumulates`
  return commentText(`${step.name}: ${shapeText(step.from)} to ${shapeText(step.to)}${sums}${remark}`)
}

/** How many of a layer's weights are there, and how they are stored. */
export const weightsRemark = (step: SumsStep, weights: Float32Array | Int8Array, rows: CompressedRows | undefined) => {
  const kept = nonZeros(weights)
  const how = rows ? `compressed rows of ${count(rows.places.length)} entries` : 'all, because rows would take longer'
  return `; ${count(kept)} of ${count(step.weights.length)} weights are not zero: ${kept === weights.length ? 'all' : how}`
}
