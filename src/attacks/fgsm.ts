import { checkEpsilon } from '../dsl/checks.js'
import { tf } from '../engine/tf.js'
import type { Attack } from './attack.js'
import { inputGradient } from './inputGradient.js'
import { linfBall, projectLinf } from './linf.js'

export interface FgsmOptions {
  /** Radius of the L∞ ball, in (0, 1]; images are in [0, 1]. */
  readonly epsilon: number
}

/**
 * Fast gradient sign method: x' = clip(x + ε·sign ∂CE/∂x). One step, no randomness.
 *
 * @example
 * attackEval([fgsm({ epsilon: 0.3 })])
 * @throws OptionError for an ε outside (0, 1]
 * Source: Goodfellow, Shlens, Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015.
 */
export const fgsm = ({ epsilon }: FgsmOptions): Attack => {
  checkEpsilon('fgsm', epsilon)
  return {
    name: 'fgsm',
    config: { epsilon },
    epsilon,
    perturb: ({ classifier, images, labels }) =>
      tf.tidy(() => {
        const step = tf.mul(tf.sign(inputGradient(classifier, images, labels)), epsilon)
        return projectLinf(tf.add(images, step), linfBall(images, epsilon))
      }),
  }
}
