import type { Tf } from '../../tf.js'
import { registerInstead, registerMissing } from '../register.js'
import { adam } from './adam.js'
import { batchNorm } from './batch-norm.js'
import { batchNormGrad } from './batch-norm-grad.js'
import { biasAddGrad } from './bias-add-grad.js'
import { conv2d } from './conv2d.js'
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js'
import { conv2dBackpropInput } from './conv2d-backprop-input.js'
import { linear } from './linear.js'
import { maxPoolGrad } from './max-pool-grad.js'
import { momentum } from './momentum.js'
import { reluGrad } from './relu-grad.js'
import { sign } from './sign.js'
import { softmaxCrossEntropy } from './softmax-cross-entropy.js'
import { spdInverse } from './spd-inverse.js'
import { splitV } from './split-v.js'

/** Registers pwoa's kernels for the wasm engine, the standard one that it lacks, and better ones for four. */
export const registerWasmKernels = (tf: Tf): void => {
  const standardSplit = tf.getKernel('SplitV', 'wasm')
  registerMissing(tf, [reluGrad, biasAddGrad, softmaxCrossEntropy, spdInverse, conv2d(tf), linear(tf)])
  registerMissing(tf, [batchNorm, batchNormGrad, conv2dBackpropFilter(tf), adam, momentum])
  registerInstead(tf, [conv2dBackpropInput(tf), maxPoolGrad(tf), sign, splitV(tf, standardSplit.kernelFunc)])
}
