import type { Tf } from '../../tf.js'
import { registerMissing } from '../register.js'
import { biasAddGrad } from './bias-add-grad.js'
import { conv2d } from './conv2d.js'
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js'
import { linear } from './linear.js'
import { reluGrad } from './relu-grad.js'
import { softmaxCrossEntropy } from './softmax-cross-entropy.js'
import { spdInverse } from './spd-inverse.js'

/** Registers pwoa's kernels for the wasm engine, and those standard ones that it lacks. */
export const registerWasmKernels = (tf: Tf): void =>
  registerMissing(tf, [reluGrad, biasAddGrad, softmaxCrossEntropy, spdInverse, conv2dBackpropFilter(tf), conv2d(tf), linear(tf)])
