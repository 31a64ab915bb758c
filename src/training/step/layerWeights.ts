import type { LayerWeights } from '../../dsl/figures.js'
import { parametersOf } from '../../models/parameters/parameters.js'
import type { Network } from '../network/network.js'

/** Bins of a histogram: an odd number, so that one of them is around 0. */
const BINS = 33

/** Weights that a histogram looks at, about: enough for a picture, and little work in the largest layer. */
const LOOKED_AT = 20_000

/** The weights of each convolution and linear layer, first to last, in figures. */
export const layerWeights = ({ architecture, weights }: Network): readonly LayerWeights[] => {
  const all = weights.dataSync<'float32'>()
  return parametersOf(architecture).flatMap(({ role, node, offset, size }) =>
    role === 'weight' ? [{ name: node, size, ...figuresOf(all.subarray(offset, offset + size)) }] : [],
  )
}

const figuresOf = (values: Float32Array): Pick<LayerWeights, 'zeros' | 'bound' | 'histogram'> => {
  let zeros = 0
  let bound = 0
  for (const value of values) {
    if (value === 0) zeros += 1
    const magnitude = Math.abs(value)
    if (magnitude > bound) bound = magnitude
  }
  return { zeros, bound, histogram: histogramOf(values, bound) }
}

const histogramOf = (values: Float32Array, bound: number): readonly number[] => {
  const counts = new Float64Array(BINS)
  const stride = Math.max(1, Math.floor(values.length / LOOKED_AT))
  let seen = 0
  for (let i = 0; i < values.length; i += stride) {
    const value = values[i] ?? 0
    if (value === 0) continue
    const bin = Math.min(BINS - 1, Math.floor(((value / bound + 1) / 2) * BINS))
    counts[bin] = (counts[bin] ?? 0) + 1
    seen += 1
  }
  // Four digits are a pixel's worth; a run keeps many of these.
  return Array.from(counts, (count) => (seen === 0 ? 0 : Math.round((1e4 * count) / seen) / 1e4))
}
