import type { Tf } from '../../tf.js'
import { registerInstead, registerMissing } from '../kernels.js'
import { adam } from './adam.js'
import { batchMatMul } from './batchMatMul.js'
import { batchNorm } from './batchNorm.js'
import { batchNormGrad } from './batchNormGrad.js'
import { biasAddGrad } from './biasAddGrad.js'
import { bottleneckGradient } from './bottleneckGradient.js'
import { conv2d } from './conv2d.js'
import { conv2dBackpropFilter } from './conv2dBackpropFilter.js'
import { conv2dBackpropInput } from './conv2dBackpropInput.js'
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwiseGradients.js'
import { gaussianKernel } from './gaussianKernel.js'
import { identity } from './identity.js'
import { linear } from './linear.js'
import { maxPoolGrad } from './maxPoolGrad.js'
import type { WasmModule } from './module.js'
import { momentum } from './momentum.js'
import { normalisedDifference } from './normalisedDifference.js'
import { regularise } from './regularise.js'
import { reluGrad } from './reluGrad.js'
import { sign } from './sign.js'
import { softmaxCrossEntropy } from './softmaxCrossEntropy.js'
import { spdInverse } from './spdInverse.js'
import { splitV } from './splitV.js'

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
