import type { Tensor } from '@tensorflow/tfjs-core'
import type { Dataset } from '../../dsl/dataset.js'
import { tf } from '../../engine/tf.js'
import type { Range } from '../../io/checkpoints/onnx/quantize.js'
import { type Folded, folded } from '../../models/forward/folded.js'
import { activationsOf, unflatten } from '../../models/forward/forward.js'
import type { ReadNetwork } from '../../models/parameters/readNetwork.js'
import { imagesOf } from './images.js'

/** Training images that the ranges are taken from, at most, and how many at once. */
const IMAGES = 512
const BATCH = 64

/** A network in use, without batch normalisation, and the ranges of its activations. */
export interface Calibrated extends Folded {
  /** By the ids of `activationsOf`. */
  readonly ranges: ReadonlyMap<string, Range>
}

/** The smallest and the largest of each activation on the first natural training images. */
export const calibrate = (network: ReadNetwork, { train, shape }: Dataset): Calibrated => {
  const { architecture, weights } = folded(network)
  const ranges = new Map<string, Range>()
  tf.tidy(() => {
    const parameters = unflatten(architecture, tf.tensor1d(weights))
    for (let first = 0; first < Math.min(IMAGES, train.count); first += BATCH) {
      const count = Math.min(BATCH, IMAGES - first, train.count - first)
      tf.tidy(() => {
        const indices = Uint32Array.from({ length: count }, (_, i) => first + i)
        for (const [id, values] of activationsOf(architecture, parameters, imagesOf(train, shape, indices)))
          ranges.set(id, wider(ranges.get(id), values))
      })
    }
  })
  return { architecture, weights, ranges }
}

const wider = (known: Range | undefined, values: Tensor): Range => {
  const [least = 0, most = 0] = [tf.min(values), tf.max(values)].map((end) => end.dataSync()[0])
  return known ? { least: Math.min(known.least, least), most: Math.max(known.most, most) } : { least, most }
}
