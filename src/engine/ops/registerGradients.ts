import { tf } from '../tf.js'
import { batchNormGradient } from './batchNorm.js'
import { conv2dGradient } from './conv2d.js'
import { linearGradient } from './linear.js'

/** Tells the loaded tensor library the gradients of our fused kernels. Idempotent; called by `loadEngine` alone. */
export const registerGradients = (): void => {
  for (const gradient of [batchNormGradient, conv2dGradient, linearGradient])
    if (!tf.getGradient(gradient.kernelName)) tf.registerGradient(gradient)
}
