import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/** Slopes along one direction for each of n examples. */
export interface Slopes {
  /** v, n × C: which combination of the logits. */
  readonly combination: Float32Array
  /** g, 2n × C: the logits whose slopes are wanted, of x and then of x + h·d. */
  readonly wanted: Float32Array
  /** h > 0: how far the second logits lie from the first along the direction. */
  readonly step: number
  /** What a difference of slopes is multiplied by: with ε, it is what v·f is off by at the edge of the ball. */
  readonly scale: number
}

/**
 * How far slopes of a network are from those wanted, by differences of both:
 *
 *     L = 1/n · Σ_i e_i²,   e_i = ε/h · v_i·((f − g)(x_i + h·d_i) − (f − g)(x_i))
 *     ∂L/∂f(x_i + h·d_i) = 2·ε/(n·h)·e_i·v_i = −∂L/∂f(x_i)
 *
 * The same h for both: a gradient of g would differ from its difference wherever a ReLU changes sides in between, and
 * f would be pulled away from a g that it is equal to.
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
      for (let at = i * classes; at < (i + 1) * classes; at++) {
        const after = (values[half + at] ?? 0) - (wanted[half + at] ?? 0)
        const before = (values[at] ?? 0) - (wanted[at] ?? 0)
        rise += (combination[at] ?? 0) * (after - before)
      }
      const error = (scale * rise) / step
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
