import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** A grid of numbers: multiples of a step, from the least to the largest. One of each for all channels, or for each. */
export interface Multiples {
  /** > 0 */
  readonly step: readonly number[]
  /** Whole numbers. */
  readonly low: readonly number[]
  /** Whole numbers. */
  readonly high: readonly number[]
}

/**
 * x rounded to the multiples of a step, halves to the even multiple, and clipped to a range: clip(round(x / step), low,
 * high)·step. The gradient is dy where x is not clipped, and 0 elsewhere (straight-through).
 *
 * @param x of any shape, channels last
 */
export const rounded = (x: Tensor, { step, low, high }: Multiples): Tensor =>
  tf.customGrad((input, save) => {
    const [exact, clipped, value] = tf.tidy(() => {
      const multiples = tf.round(tf.div(input as Tensor, ofChannels(step)))
      const within = tf.minimum(tf.maximum(multiples, ofChannels(low)), ofChannels(high))
      return [multiples, within, tf.mul(within, ofChannels(step))] as [Tensor, Tensor, Tensor]
    })
    ;(save as (saved: Tensor[]) => void)([exact, clipped])
    return {
      value,
      gradFunc: (dy, saved) => {
        const [before = exact, after = clipped] = saved as Tensor[]
        return tf.mul(dy, tf.cast(tf.equal(before, after), 'float32'))
      },
    }
  })(x)

const ofChannels = (numbers: readonly number[]): Tensor => {
  const [first = 0] = numbers
  return numbers.length === 1 ? tf.scalar(first) : tf.tensor1d([...numbers])
}
