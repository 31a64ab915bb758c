// Adversarial examples in the minibatch: how robust teachers are trained, and what PwoA does without.
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { choice, number } from '../dsl/options/kinds.js'
import type { Minibatch, Step } from '../dsl/step.js'
import { withMinibatch } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { stream } from '../math/random.js'
import type { HasStudent } from '../training/network/network.js'
import { type AttackSchedule, attackConfig, attackedImages, readAttack } from '../training/views/attackStep.js'

const STAGE = 'adversarial'

/** What {@link adversarial} takes. */
export const adversarialOptions = declareOptions(STAGE, {
  /** Whether the attacked examples replace the natural ones or join them. @default 'replace' */
  mode: choice(['replace', 'join']).default('replace'),
  /**
   * Probability that a minibatch is attacked, in [0, 1]: PwoA's reference draws so for each minibatch. 0 leaves every
   * minibatch as it is. @default 1
   */
  mixRatio: number({ least: 0, most: 1 }).default(1),
})

/** Options of {@link adversarial}. */
export interface AdversarialOptions extends OptionsOf<typeof adversarialOptions> {}

const modes: Readonly<Record<'replace' | 'join', (minibatch: Minibatch, attacked: Tensor4D) => Minibatch>> = {
  replace: (minibatch, attacked) => minibatch.withImages(attacked),
  join: (minibatch, attacked) => {
    const { images, labels } = minibatch
    const joined = tf.concat([images, attacked]) as Tensor4D
    attacked.dispose()
    return minibatch.withImages(joined, tf.concat([labels, labels]) as Tensor2D)
  },
}

/**
 * Attacks the student, as it is at this step, on all or some of the minibatches. Later losses L see the attacked images
 * x + δ:
 *
 *     min_W mean_i max_{‖δ_i‖ ≤ ε} L(f_W(x_i + δ_i), y_i),   δ by the attack, W by the optimizer, in turn
 *
 * Batch normalisation uses running statistics during the attack. Whether a minibatch is attacked is drawn from (seed,
 * epoch, position in the epoch), so a resumed run draws the same.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'), adversarial(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075 })), crossEntropy(),
 *   train({ epochs: 10 }))
 * // FGSM with random start, as of Wong, Rice, Kolter, "Fast is better than free", ICLR 2020:
 * const epsilon = 8 / 255
 * adversarial(pgd({ epsilon, steps: 1, stepSize: 1.25 * epsilon }))
 * @throws OptionError for an unknown mode, a ratio outside [0, 1], and what the attack of the first epoch throws
 * Source: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018, eq. 2.1; the ratio:
 * Jian et al., ICDM 2022.
 */
export const adversarial = (attack: AttackSchedule, options: AdversarialOptions = {}): Op<HasStudent, unknown> => {
  const schedule = readAttack(STAGE, attack)
  const read = adversarialOptions.read(options)
  const { mode, mixRatio } = read
  const apply = <S extends Step & HasStudent>(step: S): S => {
    const { minibatch, run } = step
    const drawn = stream(run.seed, 'mixRatio', minibatch.epoch, minibatch.batch).uniform()
    if (!(drawn < mixRatio)) return step
    return withMinibatch(step, modes[mode](minibatch, attackedImages(STAGE, step, schedule)))
  }
  return stage(
    {
      stage: STAGE,
      config: { ...attackConfig(schedule), ...adversarialOptions.config(read) },
      needs: ['student'],
      adds: [],
    },
    (source) => source.pipe(map((step) => apply(step))),
  )
}
