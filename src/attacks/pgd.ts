import type { Tensor4D } from '@tensorflow/tfjs-core'
import { rejectOption } from '../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { choice, positive, whole } from '../dsl/options/kinds.js'
import { tf } from '../engine/tf.js'
import { logitsOf, lossesAndGradient } from './common/ascend.js'
import type { Attack, AttackInput, Perturbing } from './common/attack.js'
import { defineAttack } from './common/defineAttack.js'
import { divergenceFrom, type Losses, untargeted } from './common/losses.js'
import { norms } from './common/norms.js'
import { classesOf, predictionsOf } from './common/predictions.js'
import { drawn, type Fill } from './common/starts.js'
import { replaced, shareOf } from './common/steps.js'
import { checkThreat, nameOption, threatFields } from './common/threat.js'

const losses = {
  ce: ({ labels }: AttackInput): Losses => untargeted.ce(labels),
  margin: ({ labels }: AttackInput): Losses => untargeted.margin(labels),
  kl: ({ classifier, images }: AttackInput): Losses => divergenceFrom(logitsOf(classifier, images)),
}

/** Standard deviation of TRADES' and MART's start, in units of the images. */
const NEARBY = 1e-3

const starts = {
  uniform: (input: AttackInput, key: readonly (string | number)[], fill: Fill): Tensor4D =>
    tf.add(input.images, drawn(input, key, fill)),
  image: ({ images }: AttackInput): Tensor4D => images,
  nearby: (input: AttackInput, key: readonly (string | number)[]): Tensor4D =>
    tf.add(
      input.images,
      drawn(input, key, (out, random) => {
        for (let i = 0; i < out.length; i++) out[i] = NEARBY * random.normal()
      }),
    ),
}

/** What {@link pgd} takes. */
export const pgdOptions = declareOptions('pgd', {
  ...threatFields,
  /** Gradient steps, ≥ 1. */
  steps: whole(1),
  /** Length of a step, > 0: in each pixel for L∞, of the whole step for L2. */
  stepSize: positive(),
  /**
   * What it maximises: cross entropy, the margin max_{c ≠ y} z_c − z_y (what papers call CW under PGD), or the divergence
   * KL(f(x) ‖ f(x')) from the output on the image itself (TRADES' inner attack). @default 'ce'
   */
  loss: choice(['ce', 'margin', 'kl']).default('ce'),
  /**
   * Where it starts: a uniformly random point of the ball, the image itself, or the image with normal noise of 0.001, as
   * in TRADES and MART. @default 'uniform'
   */
  start: choice(['uniform', 'image', 'nearby']).default('uniform'),
  /** Tries, each from another start; the first that breaks an example counts. ≥ 1, and 1 from the image. @default 1 */
  restarts: whole(1).default(1),
  /** Its name in figures; two PGDs in one evaluation need two names. @default 'pgd' */
  name: nameOption().default('pgd'),
})

/** Options of {@link pgd}. */
export interface PgdOptions extends OptionsOf<typeof pgdOptions> {}

/**
 * Projected gradient descent (Madry): x' ← Π(x' + stepSize·sign ∂loss/∂x'), Π onto the ε-ball and [0, 1]; in L2 the
 * step is stepSize·g/‖g‖₂.
 *
 * @example
 * attackEval([pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), fewer than 1 step or restart, a step size ≤ 0, more
 * than one try from the image, `kl` from the image, where its gradient is 0, an unknown norm, loss or start
 * Source: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
 */
export const pgd = (options: PgdOptions): Attack => {
  const { name, ...settings } = pgdOptions.read(options)
  const { epsilon, norm, steps, stepSize, loss, start, restarts } = settings
  checkThreat('pgd', settings)
  if (start === 'image' && restarts > 1) rejectOption('pgd', 'one try from the image itself', `${restarts} restarts`)
  if (start === 'image' && loss === 'kl')
    rejectOption('pgd', "another start than the image for loss 'kl'", `"${start}"`)
  const { ascent, ball, fillInside } = norms[norm]

  function* descend(input: AttackInput, restart: number): Perturbing {
    const { classifier, images } = input
    const objective = losses[loss](input)
    const inside = ball(images, epsilon)
    let adversarial = tf.tidy(() =>
      inside.project(starts[start](input, [name, restart], (out, random) => fillInside(out, epsilon, random))),
    )
    try {
      for (let i = 0; i < steps; i++) {
        adversarial = replaced(adversarial, (from) => {
          const { gradient } = lossesAndGradient(classifier, from, objective)
          return inside.project(tf.add(from, tf.mul(ascent(gradient), stepSize)))
        })
        if (i + 1 < steps) yield (i + 1) / steps
      }
      return adversarial.clone()
    } finally {
      adversarial.dispose()
      inside.dispose()
    }
  }

  function* perturb(input: AttackInput): Perturbing {
    const classes = classesOf(input.labels)
    let best = yield* shareOf(descend(input, 0), 0, restarts)
    try {
      for (let restart = 1; restart < restarts; restart++) {
        const guesses = predictionsOf(logitsOf(input.classifier, best), input.labels.shape[1])
        const isWhole = Uint8Array.from(classes, (label, row) => (label === guesses[row] ? 1 : 0))
        const again = yield* shareOf(descend(input, restart), restart, restarts)
        best = replaced(best, (first) => {
          const chosen = tf.where(tf.tensor4d(isWhole, [classes.length, 1, 1, 1], 'bool'), again, first)
          return chosen as Tensor4D
        })
        again.dispose()
      }
      return best.clone()
    } finally {
      best.dispose()
    }
  }

  return defineAttack({
    name,
    config: pgdOptions.config(settings),
    norm,
    epsilon,
    perturb,
  })
}
