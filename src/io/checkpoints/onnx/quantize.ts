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

/**
 * Weights as integers. The scale of an output is its largest absolute weight / 127, or `least` if that is larger.
 *
 * @param weights outputs × inputs, row-major
 * @param least the smallest scale that each output may have
 */
export const signedRows = (weights: Float32Array, least: Float32Array): QuantisedRows => {
  const row = weights.length / least.length
  const scales = least.map((bound, o) => {
    const own = weights.subarray(o * row, (o + 1) * row)
    return Math.max(bound, own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127) || 1
  })
  const values = Int8Array.from(weights, (value, i) => Math.round(value / (scales[Math.floor(i / row)] ?? 1)))
  return { values, scales }
}

/** The largest absolute bias in its units: of 31 bits, one is left for rounding. */
const BIAS = 2 ** 30

/** The smallest scale of each output's weights for which its bias, in units of input scale × scale, fits in 32 bits. */
export const leastScales = (bias: Float32Array, input: number): Float32Array =>
  bias.map((value) => Math.abs(value) / (input * BIAS))

/** A bias as integers, in units of the sums that it is added to. */
export const biasIntegers = (bias: Float32Array, scales: Float32Array): Int32Array =>
  Int32Array.from(bias, (value, o) => Math.round(value / (scales[o] ?? 1)))
