import type { Tensor4D } from '@tensorflow/tfjs-core'
import { numbersOf } from '../../engine/ops/numbersOf.js'
import type { Network } from '../network/network.js'

/** The keys are the images themselves, so entries live no longer than their minibatch. */
const known = new WeakMap<Tensor4D, { readonly network: Network; readonly logits: Float32Array }>()

/** A network's logits of a minibatch, computed and kept for later stages of the same step; see `knownLogits`. */
export const sharedLogits = (network: Network, images: Tensor4D): Float32Array => {
  const logits = numbersOf(() => network.logits(images)).slice()
  known.set(images, { network, logits })
  return logits
}

/** The kept logits of a minibatch; undefined if none were computed. Only for a network that does not change: a teacher. */
export const knownLogits = (network: Network, images: Tensor4D): Float32Array | undefined => {
  const found = known.get(images)
  return found?.network === network ? found.logits : undefined
}
