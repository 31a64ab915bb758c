import type { Tf } from '../../tf.js'
import { registerMissing } from '../register.js'
import { biasAddGrad } from './bias-add-grad.js'
import { reluGrad } from './relu-grad.js'
import { softmaxCrossEntropy } from './softmax-cross-entropy.js'

/** Registers pwoa's kernels for the native engine. */
export const registerTensorflowKernels = (tf: Tf): void =>
  registerMissing(tf, [reluGrad, biasAddGrad, softmaxCrossEntropy])
