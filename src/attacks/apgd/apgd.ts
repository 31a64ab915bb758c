import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import type { Attack } from '../common/attack.js'
import { attemptsOnUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { untargeted } from '../common/losses.js'
import { norms } from '../common/norms.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { randomPerturbations } from '../common/starts.js'
import { checkThreat, nameOption, threatFields } from '../common/threat.js'
import { checkUnderflow, underflowField } from '../common/underflow.js'
import { autoPgd } from './autoPgd.js'

/** The declared options of {@link apgd}. */
export const apgdOptions = declareOptions('apgd', {
  ...threatFields,
  /** What it maximises: cross entropy, or the difference of logits ratio. @default 'ce' */
  loss: choice(['ce', 'dlr']).default('ce'),
  /** Gradient steps of each restart, ≥ 1. @default 100 */
  steps: whole(1).default(100),
  /** Runs from different starts, ≥ 1, each on the examples that survived the earlier ones. @default 1 */
  restarts: whole(1).default(1),
  /** Passes whose gradients are averaged in each step, ≥ 1. Use several for networks with random outputs. @default 1 */
  samples: whole(1).default(1),
  ...underflowField,
  /** Its name in figures. @default 'apgd-ce' or 'apgd-dlr', depending on the loss */
  name: nameOption().optional("'apgd-ce' or 'apgd-dlr', depending on the loss"),
})

/** Options of {@link apgd}. */
export interface ApgdOptions extends OptionsOf<typeof apgdOptions> {}

/**
 * Auto-PGD: projected gradient ascent with momentum, x' ← Π(x' + ¾(z − x') + ¼(x' − x'₋₁)) with z = Π(x' + η·sign g).
 * The step size η starts at 2ε. At a checkpoint it is halved if fewer than ¾ of the steps raised the loss, or if the
 * best loss has not grown since the previous checkpoint; the attack then continues from the best point so far. It starts
 * at a random point at distance ε.
 *
 * @example
 * attackEval([apgd({ epsilon: 0.3, loss: 'dlr', restarts: 5 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no steps, restarts or samples, `underflow` with loss
 * `dlr`, an unknown norm or loss
 * Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020, Algorithm 1.
 */
export const apgd = (options: ApgdOptions): Attack => {
  const { name: given, ...settings } = apgdOptions.read(options)
  const { epsilon, norm, loss, steps, restarts, samples, underflow } = settings
  const name = given ?? `apgd-${loss}`
  checkThreat('apgd', settings)
  checkUnderflow('apgd', loss, underflow)
  const geometry = norms[norm]
  return defineAttack({
    name,
    config: apgdOptions.config(settings),
    norm,
    epsilon,
    shortened: () => apgd({ ...options, steps: Math.min(steps, SHORT_STEPS), restarts: 1 }),
    weaknesses: (classes) =>
      loss === 'dlr' && classes < 3
        ? [`${name}: the difference of logits ratio needs 3 classes, so the plain difference is used`]
        : [],
    perturb: (input) =>
      attemptsOnUnbroken(input, restarts, (attempt) =>
        autoPgd({
          ...attempt,
          norm: geometry,
          epsilon,
          steps,
          samples,
          delta: randomPerturbations(attempt, [name, attempt.number], (out, random) =>
            geometry.fillBoundary(out, epsilon, random),
          ),
          objective: untargeted[underflow ? 'logCe' : loss],
          // The cross entropy is positive; its logarithm has no least value.
          leastLoss: underflow ? Number.NEGATIVE_INFINITY : 0,
        }),
      ),
  })
}
