import type { Tf } from '../../tf.js'
import { registerMissing } from '../register.js'
import { biasAddGrad } from './bias-add-grad.js'
import { conv2d } from './conv2d.js'
import { linear } from './linear.js'
import { reluGrad } from './relu-grad.js'
import { softmaxCrossEntropy } from './softmax-cross-entropy.js'
import { spdInverse } from './spd-inverse.js'

/** Registers pwoa's kernels for the native engine. */
export const registerTensorflowKernels = (tf: Tf): void =>
  registerMissing(tf, [reluGrad, biasAddGrad, softmaxCrossEntropy, spdInverse, conv2d, linear])
