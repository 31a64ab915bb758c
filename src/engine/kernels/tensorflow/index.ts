import type { Tf } from '../../tf.js'
import { registerInstead, registerMissing } from '../register.js'
import { adam } from './adam.js'
import { batchNorm } from './batch-norm.js'
import { batchNormGrad } from './batch-norm-grad.js'
import { biasAddGrad } from './bias-add-grad.js'
import { conv2d } from './conv2d.js'
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js'
import { linear } from './linear.js'
import { momentum } from './momentum.js'
import { reluGrad } from './relu-grad.js'
import { softmaxCrossEntropy } from './softmax-cross-entropy.js'
import { spdInverse } from './spd-inverse.js'

/** Registers pwoa's kernels for the native engine, and replaces one of its own that is unsafe. */
export const registerTensorflowKernels = (tf: Tf): void => {
  const standard = tf.getKernel('Conv2DBackpropFilter', 'tensorflow')
  registerMissing(tf, [
    reluGrad,
    biasAddGrad,
    softmaxCrossEntropy,
    spdInverse,
    conv2d,
    linear,
    batchNorm,
    batchNormGrad,
    adam,
    momentum,
  ])
  registerInstead(tf, [conv2dBackpropFilter(tf, standard.kernelFunc)])
}
