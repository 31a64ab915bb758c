import { carried } from './carried.js'
import { meanPathOf } from './head.js'
import type { PlainNetwork } from './shrink/tensors.js'

/** A network without its stochastic head: in use the same function, of ordinary layers; see `meanPathOf`. */
export const withoutHead = (network: PlainNetwork): PlainNetwork => {
  const smaller = meanPathOf(network.architecture)
  if (smaller === network.architecture) return network
  const { weights, mask } = network
  return {
    ...network,
    architecture: smaller,
    weights: carried(network.architecture, weights, smaller),
    mask: mask && carried(network.architecture, mask, smaller),
  }
}
