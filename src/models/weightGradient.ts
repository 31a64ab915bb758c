import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { traced } from '../dsl/traced.js'
import { tf } from '../engine/tf.js'
import type { Architecture } from './architecture.js'
import { type CompiledNetwork, compiledNetwork } from './compiled/compiledNetwork.js'
import { type ForwardPass, forward, unflatten } from './forward.js'

/**
 * Gradient of a loss of the network's outputs with respect to its weights.
 *
 * @param weights flat, in the engine's layout
 * @param images n × height × width × channels
 * @param loss of the logits and hidden activations; it is also told what batch normalisations saw
 * @returns flat; whatever else is made is freed
 */
export const weightGradient = (
  architecture: Architecture,
  weights: Tensor1D,
  images: Tensor4D,
  loss: (pass: ForwardPass) => Scalar,
): Tensor1D => {
  const compiled = compiledNetwork(architecture)
  if (compiled) return tf.tidy(() => throughGraphs(compiled, weights, images, loss))
  const ofWeights = (flat: Tensor): Scalar =>
    loss(traced('student there', () => forward(architecture, unflatten(architecture, flat as Tensor1D), images)))
  return traced('student and terms, back', () => tf.grad(ofWeights)(weights) as Tensor1D)
}

/** Only the loss is recorded operation by operation; the network's ways there and back are one call each. */
const throughGraphs = (
  network: CompiledNetwork,
  weights: Tensor1D,
  images: Tensor4D,
  loss: (pass: ForwardPass) => Scalar,
): Tensor1D => {
  const passed = traced('student there', () => network.pass(weights, images))
  const parts = passed.hidden.flat()
  let whole: readonly Tensor[] | undefined
  const outputs: ForwardPass = {
    logits: passed.logits,
    // Put together only for a loss that looks at them.
    get hidden() {
      whole ??= passed.hidden.map(joined)
      return whole
    },
    moments: passed.moments,
  }
  // Outputs that the loss does not look at have no gradient: the list has holes there.
  const { grads } = traced('gradients of the terms', () =>
    tf.engine().gradients(() => loss(outputs), [passed.logits, ...parts], undefined, true),
  )
  const [ofLogits, ...ofParts] = grads as readonly (Tensor | null | undefined)[]
  const gradientOf = (part: Tensor): Tensor => ofParts[parts.indexOf(part)] ?? tf.zerosLike(part)
  const seeds = {
    logits: (ofLogits ?? tf.zerosLike(passed.logits)) as Tensor2D,
    ...(ofParts.some((gradient) => gradient !== null && gradient !== undefined)
      ? { hidden: passed.hidden.map((pieces) => pieces.map(gradientOf)) }
      : {}),
  }
  return traced('student back', () => network.weightGradient(weights, images, passed, seeds))
}

const joined = (parts: readonly Tensor[]): Tensor => {
  const [first, ...others] = parts
  return first && others.length === 0 ? first : tf.concat([...parts])
}
