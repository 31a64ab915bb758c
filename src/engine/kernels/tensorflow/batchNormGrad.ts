import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import { rules } from '../../device.js'
import { constants, type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import { input } from '../kernels.js'
import { emptyInput, normalisationAttributes } from './normalisationAttributes.js'

/**
 * `PwoaBatchNormGrad`: inputs `dy` and `x` `[n, h, w, c]`, `scale`, `mean` and the biased `variance` `[c]`; attribute
 * `epsilon`; outputs the gradients of `x` `[n, h, w, c]`, of the scale `[c]` and of the offset `[c]`
 * (`FusedBatchNormGradV3`). On a GPU that op takes 1 / √(variance + epsilon) in the variance's place.
 */
export const batchNormGrad: KernelConfig = {
  kernelName: 'PwoaBatchNormGrad',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { epsilon } = attrs as unknown as { epsilon: number }
    // The workspace of another algorithm of cuDNN, which is off unless the environment asks for it.
    const none = emptyInput(native)
    const [dy, x, scale, mean, variance] = ['dy', 'x', 'scale', 'mean', 'variance'].map((name) => input(inputs, name))
    if (!dy || !x || !scale || !mean || !variance) throw new Error('PwoaBatchNormGrad has five inputs')
    const reserved = rules().reserved === 'variance' ? variance : inverseDeviation(native, variance, epsilon)
    const outputs = native.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      normalisationAttributes(native, epsilon),
      [dy, x, scale, mean, reserved, none],
      5,
    )
    native.disposeData(none.dataId)
    if (reserved !== variance) native.disposeData(reserved.dataId)
    for (const unused of outputs.slice(3)) unused.dispose()
    return outputs.slice(0, 3)
  },
}

/** 1 / √(variance + epsilon), as a GPU's forward pass would have kept it. The caller frees it: `disposeData`. */
export const inverseDeviation = (native: NativeBackend, variance: TensorInfo, epsilon: number): TensorInfo => {
  const { tensors, dispose } = constants(native, { epsilon })
  const type = typeAttribute(native, 'T', 'float32')
  const sum = native.executeSingleOutput('AddV2', [type], [variance, ...Object.values(tensors)])
  const inverse = native.executeSingleOutput('Rsqrt', [type], [sum])
  sum.dispose()
  dispose()
  return inverse
}
