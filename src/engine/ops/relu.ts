import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'
import { reluGradient } from './reluGradient.js'

/** max(0, x) of any shape. Its gradient is one kernel; that of `tf.relu` is a step, a cast and a product. */
export const relu = (x: Tensor): Tensor =>
  tf.customGrad((input, save) => {
    const y = tf.relu(input as Tensor)
    ;(save as (tensors: Tensor[]) => void)([y])
    return { value: y, gradFunc: (dy, saved) => reluGradient(dy, (saved as Tensor[])[0] ?? y, 'relu') }
  })(x)
