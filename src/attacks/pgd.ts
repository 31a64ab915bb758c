import type { Tensor4D } from '@tensorflow/tfjs-core'
import { rejectOption } from '../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { choice, radius, whole } from '../dsl/options/kinds.js'
import { tf } from '../engine/tf.js'
import { logitsOf, lossesAndGradient } from './common/ascend.js'
import type { Attack, AttackInput, Perturbing } from './common/attack.js'
import { defineAttack } from './common/defineAttack.js'
import { reportGradient } from './common/gradientWatch.js'
import { divergenceFrom, type Losses, untargeted } from './common/losses.js'
import { norms } from './common/norms.js'
import { classesOf, predictionsOf } from './common/predictions.js'
import { SHORT_STEPS } from './common/shortened.js'
import { type FillPerturbation, randomPerturbations } from './common/starts.js'
import { progressOfPart, replaceTensor } from './common/steps.js'
import { checkStepSize, checkThreat, nameOption, threatFields } from './common/threat.js'
import { checkUnderflow, underflowField } from './common/underflow.js'

/** What PGD maximises, by name. */
const losses = {
  ce: ({ labels }: AttackInput): Losses => untargeted.ce(labels),
  logCe: ({ labels }: AttackInput): Losses => untargeted.logCe(labels),
  margin: ({ labels }: AttackInput): Losses => untargeted.margin(labels),
  kl: ({ classifier, images }: AttackInput): Losses => divergenceFrom(logitsOf(classifier, images)),
}

/** Standard deviation of the starting noise of TRADES and MART, in units of the images. */
const NEARBY_DEVIATION = 1e-3

/** Where PGD starts, by name. */
const starts = {
  uniform: (input: AttackInput, key: readonly (string | number)[], fill: FillPerturbation): Tensor4D =>
    tf.add(input.images, randomPerturbations(input, key, fill)),
  image: ({ images }: AttackInput): Tensor4D => images,
  nearby: (input: AttackInput, key: readonly (string | number)[]): Tensor4D =>
    tf.add(
      input.images,
      randomPerturbations(input, key, (out, random) => {
        for (let i = 0; i < out.length; i++) out[i] = NEARBY_DEVIATION * random.normal()
      }),
    ),
}

/** The declared options of {@link pgd}. */
export const pgdOptions = declareOptions('pgd', {
  ...threatFields,
  /** Gradient steps, ≥ 1. */
  steps: whole(1),
  /** Length of a step, > 0: the change of each pixel in L∞, at most 1; the length of the whole step in L2. */
  stepSize: radius({ above: 0 }),
  /**
   * What it maximises: cross entropy, the margin max_{c ≠ y} z_c − z_y (called CW in papers that use it with PGD), or the
   * divergence KL(f(x) ‖ f(x')) from the output on the image itself (the inner attack of TRADES). @default 'ce'
   */
  loss: choice(['ce', 'margin', 'kl']).default('ce'),
  /**
   * Where it starts: at a uniformly random point of the ball, at the image itself, or at the image plus normal noise of
   * standard deviation 0.001, as in TRADES and MART. @default 'uniform'
   */
  start: choice(['uniform', 'image', 'nearby']).default('uniform'),
  /**
   * Runs from different starts, ≥ 1; for each example the first run that breaks it counts. Must be 1 if `start` is
   * `image`. @default 1
   */
  restarts: whole(1).default(1),
  ...underflowField,
  /** Its name in figures. Two PGD attacks in one evaluation need different names. @default 'pgd' */
  name: nameOption().default('pgd'),
})

/** Options of {@link pgd}. */
export interface PgdOptions extends OptionsOf<typeof pgdOptions> {}

/**
 * Projected gradient descent (Madry): x' ← Π(x' + stepSize·sign ∂loss/∂x'), where Π projects on the ε-ball and [0, 1]. In
 * L2 the step is stepSize·g/‖g‖₂.
 *
 * @example
 * attackEval([pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), fewer than 1 step or restart, a step size ≤ 0 or in L∞ > 1, several
 * restarts from the image, loss `kl` from the image (its gradient is 0 there), `underflow` with a loss other than `ce`, or
 * an unknown norm, loss or start
 * Source: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
 */
export const pgd = (options: PgdOptions): Attack => {
  const { name, ...settings } = pgdOptions.read(options)
  const { epsilon, norm, steps, stepSize, loss, start, restarts, underflow } = settings
  checkThreat('pgd', settings)
  checkStepSize('pgd', norm, stepSize)
  checkUnderflow('pgd', loss, underflow)
  if (start === 'image' && restarts > 1) rejectOption('pgd', "1 restart for start 'image'", restarts)
  if (start === 'image' && loss === 'kl') rejectOption('pgd', "start 'uniform' or 'nearby' for loss 'kl'", `"${start}"`)
  const { ascent, ball, fillInside, leastGradient } = norms[norm]
  const objectiveOf = losses[underflow ? 'logCe' : loss]

  /** One run from one start. */
  function* ascend(input: AttackInput, restart: number): Perturbing {
    const { classifier, images } = input
    const objective = objectiveOf(input)
    const epsilonBall = ball(images, epsilon)
    let adversarial = tf.tidy(() =>
      epsilonBall.project(starts[start](input, [name, restart], (out, random) => fillInside(out, epsilon, random))),
    )
    try {
      for (let i = 0; i < steps; i++) {
        adversarial = replaceTensor(adversarial, (from) => {
          const { gradient } = lossesAndGradient(classifier, from, objective)
          reportGradient(input, gradient, leastGradient)
          return epsilonBall.project(tf.add(from, tf.mul(ascent(gradient), stepSize)))
        })
        if (i + 1 < steps) yield (i + 1) / steps
      }
      return adversarial.clone()
    } finally {
      adversarial.dispose()
      epsilonBall.dispose()
    }
  }

  function* perturb(input: AttackInput): Perturbing {
    const classes = classesOf(input.labels)
    let best = yield* progressOfPart(ascend(input, 0), 0, restarts)
    try {
      for (let restart = 1; restart < restarts; restart++) {
        const guesses = predictionsOf(logitsOf(input.classifier, best), input.labels.shape[1])
        const survives = Uint8Array.from(classes, (label, row) => (label === guesses[row] ? 1 : 0))
        const restarted = yield* progressOfPart(ascend(input, restart), restart, restarts)
        best = replaceTensor(best, (first) => {
          const chosen = tf.where(tf.tensor4d(survives, [classes.length, 1, 1, 1], 'bool'), restarted, first)
          return chosen as Tensor4D
        })
        restarted.dispose()
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
    shortened: () => pgd({ ...options, steps: Math.min(steps, SHORT_STEPS), restarts: 1 }),
    perturb,
  })
}
