import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { totalLoss } from './rowGradient.js'

/** Slopes of n examples, each along one direction. */
export interface Slopes {
  /** v, n × C: which combination of the logits. */
  readonly combination: Float32Array
  /** g, 2n × C: the logits whose slopes are wanted, of x and then of x + h·d. */
  readonly wanted: Float32Array
  /** h > 0: distance between the two images along the direction. */
  readonly step: number
  /** Factor of a difference of slopes. With ε, v·f is off by that much at the edge of the ball. */
  readonly scale: number
}

/**
 * Mean squared error of a network's slopes against those wanted, both as finite differences:
 *
 *     L = 1/n · Σ_i e_i²,   e_i = ε/h · v_i·((f − g)(x_i + h·d_i) − (f − g)(x_i))
 *     ∂L/∂f(x_i + h·d_i) = 2·ε/(n·h)·e_i·v_i = −∂L/∂f(x_i)
 *
 * Both use the same h. Where a ReLU changes sides within h, g's gradient differs from its finite difference, and would
 * pull f away from a g that it equals.
 *
 * @param logits 2n × C: of x, then of x + h·d in the same order
 * Source: Srinivas, Fleuret, "Knowledge Transfer with Jacobian Matching", ICML 2018, with finite differences.
 */
export const slopeLoss = (logits: Tensor2D, { combination, wanted, step, scale }: Slopes): Scalar => {
  const [rows, classes] = logits.shape
  const examples = rows / 2
  const half = examples * classes
  return totalLoss(logits, (values, gradient) => {
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
    return sum / examples
  })
}
