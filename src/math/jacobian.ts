import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/** A slope along one direction for each of n examples. */
export interface Slopes {
  /** v, n × C: which combination of the logits. */
  readonly combination: Float32Array
  /** The slope of v·f that is wanted, n. */
  readonly wanted: Float64Array
  /** h > 0: how far the second logits lie from the first along the direction. */
  readonly step: number
  /** What a difference of slopes is multiplied by: with ε, it is what v·f is off by at the edge of the ball. */
  readonly scale: number
}

/**
 * How far slopes of a network are from those wanted, by differences:
 *
 *     L = 1/n · Σ_i e_i²,   e_i = ε·(v_i·(f(x_i + h·d_i) − f(x_i)) / h − wanted_i)
 *     ∂L/∂f(x_i + h·d_i) = 2·ε/(n·h)·e_i·v_i = −∂L/∂f(x_i)
 *
 * A few numbers an example: computed here in float64, for less than the tensor operations that it would take.
 *
 * @param logits 2n × C: of x, then of x + h·d in the same order
 */
export const slopeLoss = (logits: Tensor2D, { combination, wanted, step, scale }: Slopes): Scalar => {
  const [rows, classes] = logits.shape
  const examples = rows / 2
  const half = examples * classes
  return tf.customGrad((input) => {
    const values = (input as Tensor2D).dataSync<'float32'>()
    const gradient = new Float32Array(rows * classes)
    let sum = 0
    for (let i = 0; i < examples; i++) {
      let rise = 0
      for (let at = i * classes; at < (i + 1) * classes; at++)
        rise += (combination[at] ?? 0) * ((values[half + at] ?? 0) - (values[at] ?? 0))
      const error = scale * (rise / step - (wanted[i] ?? 0))
      sum += error ** 2
      const slope = (2 * scale * error) / (examples * step)
      for (let at = i * classes; at < (i + 1) * classes; at++) {
        gradient[half + at] = slope * (combination[at] ?? 0)
        gradient[at] = -slope * (combination[at] ?? 0)
      }
    }
    return {
      value: tf.scalar(sum / examples),
      gradFunc: (dy: Tensor) => tf.mul(dy, tf.tensor2d(gradient, [rows, classes])),
    }
  })(logits) as Scalar
}
