import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { rules } from '../../device.js'
import { constants, type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import type { Activation } from '../../ops/relu.js'
import { input } from '../kernels.js'
import { emptyInput, normalisationAttributes } from './normalisationAttributes.js'

/**
 * `PwoaBatchNorm`: inputs `x` `[n, h, w, c]`, `scale` and `offset` `[c]`; attributes `epsilon`, `activation`; outputs
 * `act(scale · (x − mean) / √(variance + epsilon) + offset)` `[n, h, w, c]`, and the `mean` and the biased `variance`
 * of each channel `[c]`.
 *
 * The third output of TensorFlow's `FusedBatchNormV3` is the unbiased variance. The fourth and fifth it reserves for its
 * gradient: on a CPU the mean and the biased variance, which ours needs, too. On a GPU the fifth is 1 / √(variance +
 * epsilon), and the biased variance follows from the unbiased one.
 */
export const batchNorm: KernelConfig = {
  kernelName: 'PwoaBatchNorm',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { epsilon, activation } = attrs as unknown as { epsilon: number; activation: Activation }
    const { TF_ATTR_FLOAT } = native.binding
    const x = input(inputs, 'x')
    const channels = x.shape.at(-1) ?? 1
    const attributes = [
      ...normalisationAttributes(native, epsilon),
      { name: 'exponential_avg_factor', type: TF_ATTR_FLOAT, value: 1 },
    ]
    // The running moments, which the op does not read in training.
    const none = emptyInput(native)
    const outputs = native.executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes,
      [x, input(inputs, 'scale'), input(inputs, 'offset'), none, none],
      6,
    )
    native.disposeData(none.dataId)
    const [z, , unbiased, mean, reserved] = outputs
    if (!z || !unbiased || !mean || !reserved) throw new Error('FusedBatchNormV3 gave too few outputs')
    const variance =
      rules().reserved === 'variance'
        ? reserved
        : biasedVariance(native, unbiased, x.shape.reduce(product, 1) / channels)
    for (const unused of outputs) if (unused !== z && unused !== mean && unused !== variance) unused.dispose()
    if (activation === 'linear') return [z, mean, variance]
    const active = native.executeSingleOutput('Relu', [typeAttribute(native, 'T', 'float32')], [z])
    z.dispose()
    return [active, mean, variance]
  },
}

const product = (left: number, right: number): number => left * right

/** The biased variance of `count` values per channel, of which TensorFlow gives the unbiased one. */
const biasedVariance = (native: NativeBackend, unbiased: Tensor, count: number): Tensor => {
  const { tensors, dispose } = constants(native, { share: Math.max(1, count - 1) / count })
  const type = typeAttribute(native, 'T', 'float32')
  const variance = native.executeSingleOutput('Mul', [type], [unbiased, ...Object.values(tensors)])
  dispose()
  return variance
}
