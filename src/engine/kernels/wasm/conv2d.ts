import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../inputs.js'
import { runStandard } from './standard.js'

/** `PwoaConv2D`, see the native kernel: wasm's `FusedConv2D` does all of it. */
export const conv2d = (tf: Tf): KernelConfig => ({
  kernelName: 'PwoaConv2D',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) =>
    runStandard(
      tf,
      'FusedConv2D',
      backend,
      { x: input(inputs, 'x'), filter: input(inputs, 'filter'), ...(inputs.bias ? { bias: inputs.bias } : {}) },
      {
        strides: attrs?.stride,
        pad: attrs?.pad,
        activation: attrs?.activation,
        dataFormat: 'NHWC',
        dilations: [1, 1],
      },
    ),
})
