import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'

/** Some of a tensor's rows. */
export const gathered = <T extends Tensor>(tensor: T, rows: Int32Array): T =>
  tf.tidy(() => tf.gather(tensor, tf.tensor1d(rows, 'int32')))

/** What `step` makes of a tensor, which is freed. */
export const replaced = (from: Tensor4D, step: (from: Tensor4D) => Tensor4D): Tensor4D => {
  const next = tf.tidy(() => step(from))
  from.dispose()
  return next
}

/** Yields the share of the whole where this is part `index` of `count`. */
export function* shareOf<T>(
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
    // Where the caller returned early; nothing to do for one that is done.
    part.return(undefined as T)
  }
}
