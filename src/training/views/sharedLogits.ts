import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Network } from '../network/network.js'

/** By the images themselves, so that nothing is kept beyond their minibatch. */
const known = new WeakMap<Tensor4D, { readonly network: Network; readonly logits: Float32Array }>()

/** A network's logits of a minibatch that nobody changes, kept for the stages that ask for them next; see `knownAnswers`. */
export const sharedLogits = (network: Network, images: Tensor4D): Float32Array => {
  const logits = tf.tidy(() => network.logits(images).dataSync<'float32'>().slice())
  known.set(images, { network, logits })
  return logits
}

/** The same where somebody has asked for them: of a network that stays as it is, a teacher's. */
export const knownLogits = (network: Network, images: Tensor4D): Float32Array | undefined => {
  const found = known.get(images)
  return found?.network === network ? found.logits : undefined
}
