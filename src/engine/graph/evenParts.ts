import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** How many of n rows each part has: as equal as they can be, the larger ones first. What a graph's `split` takes. */
export const evenParts = (n: number, parts: number): Tensor1D =>
  tf.tensor1d(
    Int32Array.from({ length: parts }, (_, part) => Math.floor(n / parts) + (part < n % parts ? 1 : 0)),
    'int32',
  )
