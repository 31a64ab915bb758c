import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * x / max(‖x‖₂, least), with the length along some axes. Its gradient is (dy − y·⟨y, dy⟩)/‖x‖, and dy/least for numbers of a
 * smaller length, as PyTorch's of `torch.nn.functional.normalize`.
 *
 * @param axes those of the numbers that have a length together
 * @param least the least length that numbers are divided by, > 0
 */
export const unitNorm = (x: Tensor, axes: readonly number[], least: number): Tensor => {
  const total = (t: Tensor): Tensor => tf.sum(t, [...axes], true)
  return tf.customGrad((given, save) => {
    const input = given as Tensor
    const [y, length] = tf.tidy(() => {
      const norm = tf.maximum(tf.sqrt(total(tf.square(input))), least)
      return [tf.div(input, norm), norm] as const
    })
    ;(save as (saved: Tensor[]) => void)([y, length])
    return {
      value: y,
      gradFunc: (dy, saved) => {
        const [unit = y, norm = length] = saved as Tensor[]
        const along = tf.mul(tf.mul(unit, total(tf.mul(unit, dy))), tf.cast(tf.greater(norm, least), 'float32'))
        return tf.div(tf.sub(dy, along), norm)
      },
    }
  })(x)
}
