/** What C code takes on a device: what is counted, and limits that are known before there are weights. */
import { buffersOf } from './buffers.js'
import { WINDOW_BYTES } from './parts.js'
import { type Program, type Step, type SumsStep, sizeOf } from './program.js'

/** The forms of a C file. */
export const cForms = ['int8', 'float32'] as const

/** In which numbers a C file computes. */
export type CFormName = (typeof cForms)[number]

/** Memory of a device, in bytes. */
export interface Footprint {
  /** Constants and machine code. */
  readonly flash: number
  /** Scratch memory, an image and its logits. */
  readonly ram: number
}

/**
 * Bytes of machine code, at most: of functions by the names that they share, as `arm-none-eabi-gcc 12.2 -Os` makes them
 * for a Cortex-M4, with and without a floating-point unit. Functions of C's library are not in it.
 */
const FUNCTIONS: Readonly<Record<string, number>> = {
  largest: 230,
  mean: 380,
  pad: 140,
  pad_by_table: 140,
  rescaled: 96,
  clamped: 32,
  shifted: 32,
}
/** Of a function of sums. */
const SUMS = 450
/** Of `run` without steps. */
const RUN = 64
/** Of the call of a step in it, or of its loop. */
const CALL = 96
/** Of each character of a function of one number in float32. */
const CHARACTER = 3

/** Machine code of the functions and calls of a file, at most. */
export const codeBytes = (functions: ReadonlyMap<string, string>, steps: number): number =>
  [...functions].reduce((sum, [name, text]) => sum + functionBytes(name, text), RUN + CALL * steps)

const functionBytes = (name: string, text: string): number =>
  FUNCTIONS[name] ?? (name.startsWith('map_') ? CHARACTER * text.length : SUMS)

/** RAM of a program. @param scratch numbers of scratch memory */
export const ramOf = ({ input, classes }: Program, scratch: number, form: CFormName): number =>
  BYTES[form].value * (scratch + sizeOf(input)) + 4 * classes

/** Bytes of numbers: an activation, a weight, and what each output of a layer has besides its weights. */
const BYTES: Readonly<Record<CFormName, { readonly value: number; readonly weight: number; readonly output: number }>> =
  {
    float32: { value: 4, weight: 4, output: 4 },
    // A bias, a multiplier and a shift.
    int8: { value: 1, weight: 1, output: 9 },
  }

/**
 * What the C file of a network takes at most, whichever weights of a layer are kept.
 *
 * @param kept how many weights of a layer may be other than 0
 */
export const mostFootprint = (program: Program, form: CFormName, kept: (step: SumsStep) => number): Footprint => {
  const { steps } = program
  const last = steps.at(-1)
  const keepsLogits = last && (form === 'float32' || (last.type === 'sums' && last.activation === 'linear'))
  const { size } = buffersOf(program, new Set(keepsLogits ? [last.result] : []))
  const constants = steps.reduce((sum, step) => sum + mostConstants(step, form, kept), 0)
  return { flash: constants + mostCode(steps), ram: ramOf(program, size, form) }
}

const mostConstants = (step: Step, form: CFormName, kept: (step: SumsStep) => number): number => {
  const isInteger = form === 'int8'
  const table = isInteger ? 256 : 0
  if (step.type === 'sums') return WINDOW_BYTES + BYTES[form].output * step.bias.length + mostWeights(step, form, kept)
  if (step.type === 'map') return table
  if (step.type === 'pad') return WINDOW_BYTES + table
  if (step.type === 'pool') return WINDOW_BYTES + (isInteger ? 5 * (step.kernel[0] * step.kernel[1] + 1) : 0)
  return 0
}

/** Of a layer's weights: all of them, or rows where those are certain to be used. */
const mostWeights = (step: SumsStep, form: CFormName, keptOf: (step: SumsStep) => number): number => {
  const { kernel, from, to, weights } = step
  const bytes = BYTES[form].weight
  const kept = Math.ceil(keptOf(step))
  const span = ((kernel[0] - 1) * from.width + kernel[1]) * from.channels - 1
  const entries = (most: number): number => kept + to.channels * Math.floor(span / most)
  const [narrow, wide] = [entries(0xff), entries(0xffff)]
  if (kernel[1] > from.width || 2 * narrow > weights.length) return bytes * weights.length + 2 * to.channels
  return 2 * to.channels + Math.min(narrow * (bytes + 1), wide * (bytes + 2))
}

/** A layer of sums may use any of three functions; the last layer has its own. */
const mostCode = (steps: readonly Step[]): number => {
  const sums = steps.filter(({ type }) => type === 'sums').length
  const others = new Map(
    steps.flatMap((step): [string, string][] =>
      step.type === 'pool'
        ? [[step.of, '']]
        : step.type === 'pad'
          ? [
              ['pad', ''],
              ['pad_by_table', ''],
            ]
          : step.type === 'map'
            ? [[`map_${step.result}`, LONG_FUNCTION]]
            : [],
    ),
  )
  const shared = new Map(['rescaled', 'clamped', 'shifted'].map((name) => [name, '']))
  return SUMS * Math.min(sums, 4) + codeBytes(new Map([...others, ...shared]), steps.length)
}

/** A function of one number is no longer than this. */
const LONG_FUNCTION = ' '.repeat(200)
