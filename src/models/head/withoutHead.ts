import type { PlainNetwork } from '../parameters/plainNetwork.js'
import { transferValues } from '../parameters/transferValues.js'
import { meanPathOf } from './head.js'

/** A network without its stochastic head: in use the same function, of ordinary layers; see `meanPathOf`. */
export const withoutHead = (network: PlainNetwork): PlainNetwork => {
  const smaller = meanPathOf(network.architecture)
  if (smaller === network.architecture) return network
  const { weights, mask } = network
  return {
    ...network,
    architecture: smaller,
    weights: transferValues(network.architecture, weights, smaller),
    mask: mask && transferValues(network.architecture, mask, smaller),
  }
}
