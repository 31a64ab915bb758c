import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../../nativeBackend.js'
import { input } from '../kernels.js'
import { emptyInput, normalisationAttributes } from './normalisationAttributes.js'

/**
 * `PwoaBatchNormGrad`: inputs `dy` and `x` `[n, h, w, c]`, `scale`, `mean` and the biased `variance` `[c]`; attribute
 * `epsilon`; outputs the gradients of `x` `[n, h, w, c]`, of the scale `[c]` and of the offset `[c]`
 * (`FusedBatchNormGradV3`).
 */
export const batchNormGrad: KernelConfig = {
  kernelName: 'PwoaBatchNormGrad',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { epsilon } = attrs as unknown as { epsilon: number }
    // What cuDNN would keep of the forward pass; a CPU has nothing to keep.
    const none = emptyInput(native)
    const given = ['dy', 'x', 'scale', 'mean', 'variance'].map((name) => input(inputs, name))
    const outputs = native.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      normalisationAttributes(native, epsilon),
      [...given, none],
      5,
    )
    native.disposeData(none.dataId)
    for (const unused of outputs.slice(3)) unused.dispose()
    return outputs.slice(0, 3)
  },
}
