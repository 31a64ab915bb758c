import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Pair } from '../../../dsl/kit/extent.js'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import type { Activation } from '../../ops/relu.js'
import { input } from '../kernels.js'
import { biased } from './biased.js'

/**
 * `PwoaConv2D`: inputs `x` `[n, h, w, in]`, `filter` `[kh, kw, in, out]` and optionally `bias` `[out]`; attributes
 * `strides` (two), `pad` (`same` or `valid`), `activation`; output `act(x ∗ filter + bias)` `[n, h′, w′, out]`.
 */
export const conv2d: KernelConfig = {
  kernelName: 'PwoaConv2D',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { strides, pad, activation } = attrs as unknown as { strides: Pair; pad: string; activation: Activation }
    const { TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_BOOL } = native.binding
    const attributes = [
      typeAttribute(native, 'T', 'float32'),
      { name: 'strides', type: TF_ATTR_INT, value: [1, ...strides, 1] },
      { name: 'padding', type: TF_ATTR_STRING, value: pad.toUpperCase() },
      { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
      { name: 'dilations', type: TF_ATTR_INT, value: [1, 1, 1, 1] },
      { name: 'use_cudnn_on_gpu', type: TF_ATTR_BOOL, value: true },
    ]
    const z = native.executeSingleOutput('Conv2D', attributes, [input(inputs, 'x'), input(inputs, 'filter')])
    return biased(native, z, inputs.bias, activation)
  },
}
