import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import type { Dataset } from '../dsl/dataset.js'
import { tf } from '../engine/tf.js'
import type { Range } from '../io/onnx/quantize.js'
import type { Architecture } from '../models/architecture.js'
import { foldingOf, foldParameters } from '../models/folding.js'
import { activationsOf, unflatten } from '../models/forward.js'
import { parametersOf } from '../models/parameters.js'
import type { ReadNetwork } from '../models/readNetwork.js'
import { imagesOf } from './images.js'

/** Training images that the ranges are taken from, at most, and how many at once. */
const IMAGES = 512
const BATCH = 64

/** A network in use, without batch normalisation, and the ranges of its activations. */
export interface Calibrated {
  readonly architecture: Architecture
  /** Flat, in the engine's layout. */
  readonly weights: Float32Array
  /** By the ids of `activationsOf`. */
  readonly ranges: ReadonlyMap<string, Range>
}

/** The smallest and the largest of each activation on the first natural training images. */
export const calibrate = (
  { architecture: given, weights, statistics }: ReadNetwork,
  { train, shape }: Dataset,
): Calibrated => {
  const { architecture } = foldingOf(given)
  const ranges = new Map<string, Range>()
  const folded = tf.tidy(() => {
    const parameters = foldParameters(given, unflatten(given, tf.tensor1d(weights)), tf.tensor1d(statistics))
    for (let first = 0; first < Math.min(IMAGES, train.count); first += BATCH) {
      const count = Math.min(BATCH, IMAGES - first, train.count - first)
      tf.tidy(() => {
        const indices = Uint32Array.from({ length: count }, (_, i) => first + i)
        for (const [id, values] of activationsOf(architecture, parameters, imagesOf(train, shape, indices)))
          ranges.set(id, wider(ranges.get(id), values))
      })
    }
    return tf
      .concat(
        parametersOf(architecture).map(({ name }) => {
          const parameter = parameters.get(name)
          if (!parameter) throw new Error(`no tensor "${name}"`)
          return tf.reshape(parameter, [-1]) as Tensor1D
        }),
      )
      .dataSync<'float32'>()
      .slice()
  })
  return { architecture, weights: folded, ranges }
}

const wider = (known: Range | undefined, values: Tensor): Range => {
  const [least = 0, most = 0] = [tf.min(values), tf.max(values)].map((end) => end.dataSync()[0])
  return known ? { least: Math.min(known.least, least), most: Math.max(known.most, most) } : { least, most }
}
