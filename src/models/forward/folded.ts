import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../architecture/architecture.js'
import { present } from '../architecture/lookups.js'
import { parametersOf } from '../parameters/parameters.js'
import type { ReadNetwork } from '../parameters/readNetwork.js'
import { foldingOf, foldParameters } from './folding.js'
import { unflatten } from './forward.js'

/** A network in use, without batch normalisation. */
export interface Folded {
  readonly architecture: Architecture
  /** Flat, in the engine's layout. */
  readonly weights: Float32Array
}

/** The network in use of a trained one; see `foldingOf`. */
export const folded = (network: ReadNetwork): Folded => {
  const { architecture } = foldingOf(network.architecture)
  const flat = tf.tidy(() => {
    const { weights, statistics } = network
    const parameters = foldParameters(
      network.architecture,
      unflatten(network.architecture, tf.tensor1d(weights)),
      tf.tensor1d(statistics),
    )
    return tf.concat(
      parametersOf(architecture).map(({ name }) => tf.reshape(present(parameters, name), [-1]) as Tensor1D),
    )
  })
  const weights = flat.dataSync<'float32'>().slice()
  flat.dispose()
  return { architecture, weights }
}
