import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { CompiledNetwork } from './compiledNetwork.js'

/**
 * A compiled network's logits, differentiable with respect to the images but not to the weights.
 *
 * @param images n × height × width × channels
 * @returns n × classes
 */
export const classify = (network: CompiledNetwork, weights: Tensor1D, images: Tensor4D): Tensor2D => {
  // Outside a gradient nothing has to be kept for a backward pass.
  if (tf.engine().state.gradientDepth === 0) return network.logits(weights, images)
  return tf.customGrad((x, save) => {
    const given = x as Tensor4D
    const passed = network.pass(weights, given)
    const names = Object.keys(passed.kept)
    ;(save as (tensors: Tensor[]) => void)([given, ...Object.values(passed.kept)])
    return {
      value: passed.logits,
      gradFunc: (dy, saved) => {
        const [seen, ...values] = saved as [Tensor4D, ...Tensor[]]
        const kept = Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]))
        return network.imageGradient(weights, seen, { ...passed, kept }, { logits: dy as Tensor2D })
      },
    }
  })(images) as Tensor2D
}
