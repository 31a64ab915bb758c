import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { imageSize } from '../../dsl/dataset.js'
import { tf } from '../../engine/tf.js'
import { standardOf } from '../architecture/mixedChannels.js'

/**
 * (x − μ) / max(σ, 1/√m) of each image; see `standardize`. With y its value, its gradient is that of x − μ, without the part
 * along y where σ is larger: (dy − mean(dy) − y·Σ(dy·y)/(m − 1))/σ.
 */
export const standardized = (x: Tensor4D): Tensor => {
  const [, height, width, channels] = x.shape
  const { factor, least } = standardOf(imageSize({ height, width, channels }))
  const axes = [1, 2, 3]
  const mean = (t: Tensor): Tensor => tf.mean(t, axes, true)
  return tf.customGrad((given, save) => {
    const input = given as Tensor
    const [y, deviation] = tf.tidy(() => {
      const centred = tf.sub(input, mean(input))
      const variance = tf.mul(mean(tf.square(centred)), factor)
      const divisor = tf.maximum(tf.sqrt(variance), least)
      return [tf.div(centred, divisor), divisor] as const
    })
    ;(save as (saved: Tensor[]) => void)([y, deviation])
    return {
      value: y,
      gradFunc: (dy, saved) => {
        const [z = y, divisor = deviation] = saved as Tensor[]
        const along = tf.mul(z, tf.mul(mean(tf.mul(dy, z)), factor))
        const free = tf.cast(tf.greater(divisor, least), 'float32')
        return tf.div(tf.sub(tf.sub(dy, mean(dy)), tf.mul(along, free)), divisor)
      },
    }
  })(x)
}
