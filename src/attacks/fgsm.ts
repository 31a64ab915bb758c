import type { Tensor4D } from '@tensorflow/tfjs-core'
import { checkOptions } from '../dsl/checkOptions.js'
import { tf } from '../engine/tf.js'
import { lossesAndGradient } from './common/ascend.js'
import type { Attack } from './common/attack.js'
import { checkThreat } from './common/checkThreat.js'
import { defineAttack } from './common/defineAttack.js'
import { crossEntropy } from './common/losses.js'
import { type NormName, norms } from './common/norms.js'

/** Options of {@link fgsm}. */
export interface FgsmOptions {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  readonly epsilon: number
  /** How a perturbation is measured. @default 'Linf' */
  readonly norm?: NormName
}

/**
 * Fast gradient sign method: x' = clip(x + ε·sign ∂CE/∂x); in L2, x' = clip(x + ε·g/‖g‖₂). One step, no randomness.
 *
 * @example
 * attackEval([fgsm({ epsilon: 0.3 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]) or an unknown norm
 * Source: Goodfellow, Shlens, Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015.
 */
export const fgsm = (options: FgsmOptions): Attack => {
  const { epsilon, norm = 'Linf' } = checkOptions('fgsm', options, { epsilon: true, norm: true })
  checkThreat('fgsm', norm, epsilon)
  const { ascent, ball } = norms[norm]
  return defineAttack({
    name: 'fgsm',
    config: { epsilon, norm },
    norm,
    epsilon,
    *perturb({ classifier, images, labels }) {
      yield 0.5
      return tf.tidy((): Tensor4D => {
        const { gradient } = lossesAndGradient(classifier, images, crossEntropy(labels))
        return ball(images, epsilon).project(tf.add(images, tf.mul(ascent(gradient), epsilon)))
      })
    },
  })
}
