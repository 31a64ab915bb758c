import type { Tf } from '../../tf.js'
import { registerInstead, registerMissing } from '../register.js'
import { adam } from './adam.js'
import { batchMatMul } from './batch-mat-mul.js'
import { batchNorm } from './batch-norm.js'
import { batchNormGrad } from './batch-norm-grad.js'
import { biasAddGrad } from './bias-add-grad.js'
import { bottleneckGradient } from './bottleneck-gradient.js'
import { conv2d } from './conv2d.js'
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js'
import { conv2dBackpropInput } from './conv2d-backprop-input.js'
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.js'
import { gaussianKernel } from './gaussian-kernel.js'
import { identity } from './identity.js'
import { linear } from './linear.js'
import { maxPoolGrad } from './max-pool-grad.js'
import type { WasmModule } from './module.js'
import { momentum } from './momentum.js'
import { normalisedDifference } from './normalised-difference.js'
import { regularise } from './regularise.js'
import { reluGrad } from './relu-grad.js'
import { sign } from './sign.js'
import { softmaxCrossEntropy } from './softmax-cross-entropy.js'
import { spdInverse } from './spd-inverse.js'
import { splitV } from './split-v.js'

/**
 * Registers pwoa's kernels and missing standard ones for the wasm engine, and replaces six of its own by better ones.
 */
export const registerWasmKernels = (tf: Tf, module: WasmModule): void => {
  const [standardSplit, standardMatMul] = [tf.getKernel('SplitV', 'wasm'), tf.getKernel('BatchMatMul', 'wasm')]
  const ofModule = [reluGrad, biasAddGrad, linear, adam, momentum, spdInverse, gaussianKernel, regularise]
  const ofBottleneck = [normalisedDifference, bottleneckGradient]
  registerMissing(
    tf,
    [...ofModule, ...ofBottleneck].map((kernel) => kernel(module)),
  )
  registerMissing(tf, [conv2d(tf, module), conv2dBackpropFilter(tf, module)])
  registerMissing(tf, [depthwiseBackpropInput(tf, module), depthwiseBackpropFilter(tf, module)])
  registerMissing(tf, [softmaxCrossEntropy, batchNorm, batchNormGrad])
  registerInstead(tf, [conv2dBackpropInput(tf, module), batchMatMul(module, standardMatMul.kernelFunc)])
  registerInstead(tf, [maxPoolGrad(tf), sign, identity, splitV(tf, standardSplit.kernelFunc)])
}
