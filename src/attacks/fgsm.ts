import type { Tensor4D } from '@tensorflow/tfjs-core'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { tf } from '../engine/tf.js'
import { lossesAndGradient } from './common/ascend.js'
import type { Attack } from './common/attack.js'
import { defineAttack } from './common/defineAttack.js'
import { reportGradient } from './common/gradientWatch.js'
import { untargeted } from './common/losses.js'
import { norms } from './common/norms.js'
import { checkThreat, threatFields } from './common/threat.js'
import { underflowField } from './common/underflow.js'

/** The declared options of {@link fgsm}. */
export const fgsmOptions = declareOptions('fgsm', { ...threatFields, ...underflowField })

/** Options of {@link fgsm}. */
export interface FgsmOptions extends OptionsOf<typeof fgsmOptions> {}

/**
 * Fast gradient sign method: x' = clip(x + ε·sign ∂CE/∂x); in L2, x' = clip(x + ε·g/‖g‖₂). One step, no randomness.
 *
 * @example
 * attackEval([fgsm({ epsilon: 0.3 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]) or an unknown norm
 * Source: Goodfellow, Shlens, Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015.
 */
export const fgsm = (options: FgsmOptions): Attack => {
  const settings = fgsmOptions.read(options)
  const { epsilon, norm, underflow } = settings
  checkThreat('fgsm', settings)
  const { ascent, ball, leastGradient } = norms[norm]
  const loss = underflow ? untargeted.logCe : untargeted.ce
  return defineAttack({
    name: 'fgsm',
    config: fgsmOptions.config(settings),
    norm,
    epsilon,
    *perturb(input) {
      const { classifier, images, labels } = input
      yield 0.5
      return tf.tidy((): Tensor4D => {
        const { gradient } = lossesAndGradient(classifier, images, loss(labels))
        reportGradient(input, gradient, leastGradient)
        return ball(images, epsilon).project(tf.add(images, tf.mul(ascent(gradient), epsilon)))
      })
    },
  })
}
