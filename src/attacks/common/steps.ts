import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'

/** A new tensor with these rows of `tensor`. */
export const gatherRows = <T extends Tensor>(tensor: T, rows: Int32Array): T =>
  tf.tidy(() => tf.gather(tensor, tf.tensor1d(rows, 'int32')))

/** Returns what `step` computes from a tensor, and frees the tensor. */
export const replaceTensor = (from: Tensor4D, step: (from: Tensor4D) => Tensor4D): Tensor4D => {
  const next = tf.tidy(() => step(from))
  from.dispose()
  return next
}

/** Runs part `index` of `count` equal parts, and converts the shares that it yields to shares of the whole. */
export function* progressOfPart<T>(
  part: Generator<number, T, undefined>,
  index: number,
  count: number,
): Generator<number, T, undefined> {
  try {
    for (;;) {
      const { done, value } = part.next()
      if (done) return value
      yield (index + value) / count
    }
  } finally {
    // If the caller returned early. On a finished generator this does nothing.
    part.return(undefined as T)
  }
}
