import type { KernelConfig } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import { input } from '../kernels.js'

/**
 * `PwoaBiasAddGrad`: input `dy` `[…, c]` of rank ≥ 2, output `[c]`: the sum over all but the last axis (`BiasAddGrad`).
 */
export const biasAddGrad: KernelConfig = {
  kernelName: 'PwoaBiasAddGrad',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const native = backend as NativeBackend
    const dy = input(inputs, 'dy')
    const attributes = [
      typeAttribute(native, 'T', dy.dtype),
      { name: 'data_format', type: native.binding.TF_ATTR_STRING, value: 'NHWC' },
    ]
    return native.executeSingleOutput('BiasAddGrad', attributes, [dy])
  },
}
