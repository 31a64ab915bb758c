import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { NetworkOutputs } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import type { Architecture } from './architecture.js'
import { type CompiledNetwork, compiledNetwork } from './compiled/compiledNetwork.js'
import { forward, unflatten } from './forward.js'

/**
 * Gradient of a loss of the network's outputs with respect to its weights.
 *
 * @param weights flat, in the engine's layout
 * @param images n × height × width × channels
 * @param loss of the logits and hidden activations
 * @returns flat; whatever else is made is freed
 */
export const weightGradient = (
  architecture: Architecture,
  weights: Tensor1D,
  images: Tensor4D,
  loss: (outputs: NetworkOutputs) => Scalar,
): Tensor1D => {
  const compiled = compiledNetwork(architecture)
  if (compiled) return tf.tidy(() => throughGraphs(compiled, weights, images, loss))
  const ofWeights = (flat: Tensor): Scalar =>
    loss(forward(architecture, unflatten(architecture, flat as Tensor1D), images))
  return tf.grad(ofWeights)(weights) as Tensor1D
}

/** Only the loss is recorded operation by operation; the network's ways there and back are one call each. */
const throughGraphs = (
  network: CompiledNetwork,
  weights: Tensor1D,
  images: Tensor4D,
  loss: (outputs: NetworkOutputs) => Scalar,
): Tensor1D => {
  const passed = network.pass(weights, images)
  const { logits, hidden } = passed
  const outputs = [logits, ...hidden]
  // Outputs that the loss does not look at have no gradient.
  const { grads } = tf.engine().gradients(() => loss({ logits, hidden }), outputs, undefined, true)
  const [ofLogits, ...ofHidden] = grads as readonly (Tensor | null)[]
  return network.weightGradient(weights, images, passed, {
    logits: (ofLogits ?? tf.zerosLike(logits)) as Tensor2D,
    ...(ofHidden.some((gradient) => gradient !== null)
      ? { hidden: hidden.map((z, i) => ofHidden[i] ?? tf.zerosLike(z)) }
      : {}),
  })
}
