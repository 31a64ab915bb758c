import type { KernelConfig } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import { input } from '../kernels.js'

/**
 * `PwoaReluGrad`: inputs `dy` and `y` of one shape, output `dy` where `y > 0`, else 0: one op (`ReluGrad`) instead of
 * the step and product of tfjs.
 */
export const reluGrad: KernelConfig = {
  kernelName: 'PwoaReluGrad',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const native = backend as NativeBackend
    const dy = input(inputs, 'dy')
    return native.executeSingleOutput('ReluGrad', [typeAttribute(native, 'T', dy.dtype)], [dy, input(inputs, 'y')])
  },
}
