import type { TensorInfo } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import type { Activation } from '../../ops/relu.js'

/**
 * `act(z + bias)`; without a bias, none is added. Owns `z`: frees it or returns it.
 *
 * Uses `BiasAdd` and `Relu`, because TensorFlow's fused op has an attribute (a list of strings) that the binding can't
 * pass.
 */
export const biased = (
  native: NativeBackend,
  z: TensorInfo & { dispose: () => void },
  bias: TensorInfo | undefined,
  activation: Activation,
): TensorInfo => {
  const type = typeAttribute(native, 'T', 'float32')
  const format = { name: 'data_format', type: native.binding.TF_ATTR_STRING, value: 'NHWC' }
  const sum = bias ? native.executeSingleOutput('BiasAdd', [type, format], [z, bias]) : z
  if (bias) z.dispose()
  if (activation === 'linear') return sum
  const active = native.executeSingleOutput('Relu', [type], [sum])
  sum.dispose()
  return active
}
