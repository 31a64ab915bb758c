import type { Tensor4D } from '@tensorflow/tfjs-core'
import { checkEpsilon, checkPositive, checkWhole } from '../dsl/checks.js'
import { tf } from '../engine/tf.js'
import type { Attack } from './attack.js'
import { inputGradient } from './inputGradient.js'
import { type LinfBall, linfBall, projectLinf, uniformStart } from './linf.js'

export interface PgdOptions {
  /** Radius of the L∞ ball, in (0, 1]; images are in [0, 1]. */
  readonly epsilon: number
  /** Gradient steps, ≥ 1. */
  readonly steps: number
  /** Length of a step in each pixel, > 0. */
  readonly stepSize: number
  /** Where it begins: a uniformly random point of the ball, or the image itself. @default 'uniform' */
  readonly start?: 'uniform' | 'image'
  /** How figures name it; two PGDs in one evaluation need two names. @default 'pgd' */
  readonly name?: string
}

/**
 * Projected gradient descent (Madry): x' ← Π(x' + stepSize·sign ∂CE/∂x'), Π onto the ε-ball and [0, 1].
 *
 * @example
 * attackEval([pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01 })])
 * @throws OptionError for an ε outside (0, 1], fewer than 1 step, or a step size ≤ 0
 * Source: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
 */
export const pgd = ({ epsilon, steps, stepSize, start = 'uniform', name = 'pgd' }: PgdOptions): Attack => {
  checkEpsilon('pgd', epsilon)
  checkWhole('pgd', 'steps', steps, 1)
  checkPositive('pgd', 'stepSize', stepSize)
  return {
    name,
    config: { epsilon, steps, stepSize, start },
    epsilon,
    perturb: (input) => {
      const { classifier, images, labels } = input
      const ball = tf.tidy(() => linfBall(images, epsilon) as LinfBall & Record<string, Tensor4D>)
      let adversarial = start === 'image' ? images.clone() : tf.tidy(() => uniformStart(input, epsilon, name, ball))
      for (let i = 0; i < steps; i++) {
        const from = adversarial
        adversarial = tf.tidy(() => {
          const step = tf.mul(tf.sign(inputGradient(classifier, from, labels)), stepSize)
          return projectLinf(tf.add(from, step), ball)
        })
        from.dispose()
      }
      tf.dispose([ball.lower, ball.upper])
      return adversarial
    },
  }
}
