import type { Tf } from '../../tf.js'
import { registerInstead, registerMissing } from '../kernels.js'
import { adam } from './adam.js'
import { batchNorm } from './batchNorm.js'
import { batchNormGrad } from './batchNormGrad.js'
import { biasAddGrad } from './biasAddGrad.js'
import { bottleneckKernels } from './bottleneck.js'
import { conv2d } from './conv2d.js'
import { conv2dBackpropFilter } from './conv2dBackpropFilter.js'
import { linear } from './linear.js'
import { momentum } from './momentum.js'
import { reluGrad } from './reluGrad.js'
import { softmaxCrossEntropy } from './softmaxCrossEntropy.js'
import { spdInverse } from './spdInverse.js'

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
    ...bottleneckKernels(tf),
  ])
  registerInstead(tf, [conv2dBackpropFilter(tf, standard.kernelFunc)])
}
