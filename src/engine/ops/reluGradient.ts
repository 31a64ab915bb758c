import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'
import type { Activation } from './activation.js'

/** The gradient before the activation: dy where z > 0 and 0 elsewhere for a ReLU, dy itself for none. */
export const reluGradient = (dy: Tensor, z: Tensor, activation: Activation): Tensor =>
  activation === 'relu' ? (tf.engine().runKernel('PwoaReluGrad', { dy, y: z }) as Tensor) : dy
