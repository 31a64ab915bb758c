import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** Activations that a layer's kernel computes itself. `linear` is the identity. */
export type Activation = 'linear' | 'relu'

/** max(0, x) of any shape. Its gradient is one kernel; that of `tf.relu` is a step, a cast and a product. */
export const relu = (x: Tensor): Tensor =>
  tf.customGrad((input, save) => {
    const y = tf.relu(input as Tensor)
    ;(save as (tensors: Tensor[]) => void)([y])
    return { value: y, gradFunc: (dy, saved) => reluGradient(dy, (saved as Tensor[])[0] ?? y, 'relu') }
  })(x)

/** Gradient of the activation's input: dy where z > 0 and 0 elsewhere for a ReLU, dy itself for `linear`. */
export const reluGradient = (dy: Tensor, z: Tensor, activation: Activation): Tensor =>
  activation === 'relu' ? (tf.engine().runKernel('PwoaReluGrad', { dy, y: z }) as Tensor) : dy
