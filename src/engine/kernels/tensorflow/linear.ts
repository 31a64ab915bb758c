import type { KernelConfig } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import type { Activation } from '../../ops/relu.js'
import { input } from '../kernels.js'
import { biased } from './biased.js'

/**
 * `PwoaLinear`: inputs `x` `[n, in]`, `weight` `[in, out]`, `bias` `[out]`; attribute `activation`; output
 * `act(x·weight + bias)` `[n, out]`.
 */
export const linear: KernelConfig = {
  kernelName: 'PwoaLinear',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { activation } = attrs as unknown as { activation: Activation }
    const { TF_ATTR_BOOL } = native.binding
    const attributes = [
      typeAttribute(native, 'T', 'float32'),
      { name: 'adj_x', type: TF_ATTR_BOOL, value: false },
      { name: 'adj_y', type: TF_ATTR_BOOL, value: false },
    ]
    // Not `MatMul`: under a sampling profiler (node --cpu-prof) that op corrupts the heap in TensorFlow 2.15.
    const z = native.executeSingleOutput('BatchMatMulV2', attributes, [input(inputs, 'x'), input(inputs, 'weight')])
    return biased(native, z, input(inputs, 'bias'), activation)
  },
}
