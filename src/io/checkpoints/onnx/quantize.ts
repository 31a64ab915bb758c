// Numbers as 8-bit integers, as by ONNX's `QuantizeLinear`: q = round(x / scale) + zero point.

/** The smallest and the largest number of a value on calibration images. */
export interface Range {
  readonly least: number
  readonly most: number
}

/** The quantisation of a whole tensor. */
export interface Quantisation {
  /** > 0 */
  readonly scale: number
  /** The integer that stands for 0; 0 to 255. */
  readonly zeroPoint: number
}

/** The finest grid of 256 points that spans a range and contains 0, so padding and ReLU stay exact. */
export const unsignedGrid = ({ least, most }: Range): Quantisation => {
  const [low, high] = [Math.min(0, least), Math.max(0, most)]
  const scale = Math.fround((high - low) / 255) || 1
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-low / scale))) }
}

/** Weights as integers from −127 to 127 with a scale for each output; rows are outputs. */
export interface QuantisedRows {
  readonly values: Int8Array
  readonly scales: Float32Array
}

/** Weights as integers. @param weights outputs × inputs, row-major. @param scales of each output */
export const signedRows = (weights: Float32Array, scales: Float32Array): QuantisedRows => {
  const row = weights.length / scales.length
  const values = Int8Array.from(weights, (value, i) => clipped(Math.round(value / (scales[Math.floor(i / row)] ?? 1))))
  return { values, scales }
}

const clipped = (integer: number): number => Math.min(Math.max(integer, -128), 127)

/** A scale for each output: its largest absolute weight / 127. @param least the smallest scale that each output may have */
export const ownScales = (weights: Float32Array, least: Float32Array): Float32Array =>
  least.map((bound, o) => Math.max(bound, largestIn(rowOf(weights, least, o)) / 127) || 1)

/**
 * The scales of weights that were integers before: all weights of an output are multiples of one, from −128 to 127; of others those of `ownScales`.
 */
export const recoveredScales = (weights: Float32Array, least: Float32Array): Float32Array => {
  const otherwise = ownScales(weights, least)
  return otherwise.map((own, o) => recovered(rowOf(weights, least, o), least[o] ?? 0) ?? own)
}

const recovered = (row: Float32Array, least: number): number | undefined => {
  const largest = largestIn(row)
  // The largest is 127 in nearly all files.
  for (const integer of [127, 128, ...Array.from({ length: 126 }, (_, i) => 126 - i)]) {
    const scale = Math.fround(largest / integer)
    const step = scale * 2 ** -23
    // The quotient may differ from the scale in its last bit.
    const found = [scale, Math.fround(scale - step), Math.fround(scale + step)].find(
      (each) =>
        each > 0 &&
        each >= least &&
        row.every((value) => Math.fround(clipped(Math.round(value / each)) * each) === value),
    )
    if (found !== undefined) return found
  }
  return undefined
}

const rowOf = (weights: Float32Array, outputs: Float32Array, o: number): Float32Array => {
  const row = weights.length / outputs.length
  return weights.subarray(o * row, (o + 1) * row)
}

const largestIn = (row: Float32Array): number => row.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/** The largest absolute bias in its units: of 31 bits, one is left for rounding. */
const BIAS = 2 ** 30

/** The smallest scale of each output's weights for which its bias, in units of input scale × scale, fits in 32 bits. */
export const leastScales = (bias: Float32Array, input: number): Float32Array =>
  bias.map((value) => Math.abs(value) / (input * BIAS))

/** A bias as integers, in units of the sums that it is added to. */
export const biasIntegers = (bias: Float32Array, scales: Float32Array): Int32Array =>
  Int32Array.from(bias, (value, o) => Math.round(value / (scales[o] ?? 1)))
