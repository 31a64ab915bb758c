import type { Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { fillSigns, stream } from '../../math/random.js'
import { weightGradients } from '../../models/compiled/training/weightGradient.js'
import type { Student } from '../network/network.js'

/** Random projections of the logits, each a forward and a backward pass. */
const PROBES = 16

/**
 * How much the logits move with each weight, squared and summed over examples and classes: the diagonal of Gauss–Newton's
 * matrix for ½‖f − t‖², a distillation loss that has no gradient while the student still equals its teacher. Estimated
 * without bias by the gradients of random ±1 combinations of the logits:
 *
 *     h_i = mean over probes v of (∂(Σ v∘f(x))/∂w_i)²
 *
 * Needs only images: no labels, no attack.
 *
 * @param images n × height × width × channels
 * @returns one h ≥ 0 per weight of the flat vector
 * Source: the estimator is Hutchinson's; for the use of curvature in pruning, LeCun et al., "Optimal Brain Damage", 1989.
 */
export const curvatureOf = ({ architecture, weights }: Student, images: Tensor4D): Float64Array => {
  const squares = new Float64Array(weights.size)
  for (let probe = 0; probe < PROBES; probe++) {
    const gradient = tf.tidy(() => {
      const [raw] = weightGradients([{ architecture, weights, images: [images] }], ([pass]) =>
        pass ? (tf.sum(tf.mul(pass.logits, signs(pass.logits.shape, probe))) as Scalar) : tf.scalar(0),
      )
      return raw as Tensor1D
    })
    const values = gradient.dataSync<'float32'>()
    for (let i = 0; i < squares.length; i++) squares[i] = (squares[i] ?? 0) + (values[i] ?? 0) ** 2 / PROBES
    gradient.dispose()
  }
  return squares
}

const signs = (shape: [number, number], probe: number) => {
  const values = new Float32Array(shape[0] * shape[1])
  fillSigns(values, stream(0, 'curvature', probe))
  return tf.tensor2d(values, shape)
}
