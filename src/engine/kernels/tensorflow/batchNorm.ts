import type { KernelConfig } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import type { Activation } from '../../ops/relu.js'
import { input } from '../kernels.js'
import { emptyInput, normalisationAttributes } from './normalisationAttributes.js'

/**
 * `PwoaBatchNorm`: inputs `x` `[n, h, w, c]`, `scale` and `offset` `[c]`; attributes `epsilon`, `activation`; outputs
 * `act(scale · (x − mean) / √(variance + epsilon) + offset)` `[n, h, w, c]`, and the `mean` and the biased `variance`
 * of each channel `[c]`.
 *
 * The third output of TensorFlow's `FusedBatchNormV3` is the unbiased variance. On a CPU its fifth output is the biased
 * one, which it reserves for its gradient; ours needs it, too.
 */
export const batchNorm: KernelConfig = {
  kernelName: 'PwoaBatchNorm',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { epsilon, activation } = attrs as unknown as { epsilon: number; activation: Activation }
    const { TF_ATTR_FLOAT } = native.binding
    const attributes = [
      ...normalisationAttributes(native, epsilon),
      { name: 'exponential_avg_factor', type: TF_ATTR_FLOAT, value: 1 },
    ]
    // The running moments, which the op does not read in training.
    const none = emptyInput(native)
    const outputs = native.executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes,
      [input(inputs, 'x'), input(inputs, 'scale'), input(inputs, 'offset'), none, none],
      6,
    )
    native.disposeData(none.dataId)
    const [z, , , mean, variance] = outputs
    if (!z || !mean || !variance) throw new Error('FusedBatchNormV3 gave too few outputs')
    for (const unused of outputs) if (unused !== z && unused !== mean && unused !== variance) unused.dispose()
    if (activation === 'linear') return [z, mean, variance]
    const active = native.executeSingleOutput('Relu', [typeAttribute(native, 'T', 'float32')], [z])
    z.dispose()
    return [active, mean, variance]
  },
}
