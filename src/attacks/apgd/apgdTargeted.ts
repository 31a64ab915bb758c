import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack } from '../common/attack.js'
import { attemptsOnUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { targetedDlr } from '../common/losses.js'
import { norms } from '../common/norms.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { randomPerturbations } from '../common/starts.js'
import { missingTargets, targetsOf } from '../common/targets.js'
import { checkThreat, nameOption, threatFields } from '../common/threat.js'
import { autoPgd } from './autoPgd.js'

/** The declared options of {@link apgdTargeted}. */
export const apgdTargetedOptions = declareOptions('apgdTargeted', {
  ...threatFields,
  /** Gradient steps for each target and restart, ≥ 1. @default 100 */
  steps: whole(1).default(100),
  /** Target classes, ≥ 1: those with the largest logits after the first one. The data may have fewer. @default 9 */
  targets: whole(1).default(9),
  /** Runs from different starts for each target, ≥ 1. @default 1 */
  restarts: whole(1).default(1),
  /** Passes whose gradients are averaged in each step, ≥ 1. Use several for networks with random outputs. @default 1 */
  samples: whole(1).default(1),
  /** Its name in figures. @default 'apgd-t' */
  name: nameOption().default('apgd-t'),
})

/** Options of {@link apgdTargeted}. */
export interface ApgdTargetedOptions extends OptionsOf<typeof apgdTargetedOptions> {}

/**
 * Auto-PGD on the targeted difference of logits ratio, for one target class after another, each on the examples that
 * survived the earlier ones.
 *
 * @example
 * attackEval([apgdTargeted({ epsilon: 0.3 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no steps, targets, restarts or samples, or an
 * unknown norm
 * Source: Croce & Hein, ICML 2020, Algorithm 1 and Eq. 7.
 */
export const apgdTargeted = (options: ApgdTargetedOptions): Attack => {
  const { name, ...settings } = apgdTargetedOptions.read(options)
  const { epsilon, norm, steps, targets, restarts, samples } = settings
  checkThreat('apgdTargeted', settings)
  const geometry = norms[norm]
  return defineAttack({
    name,
    config: apgdTargetedOptions.config(settings),
    norm,
    epsilon,
    shortened: () => apgdTargeted({ ...options, steps: Math.min(steps, SHORT_STEPS), targets: 1, restarts: 1 }),
    weaknesses: (classes) => [
      ...missingTargets(name, targets, classes),
      ...(classes < 4
        ? [`${name}: the targeted difference of logits ratio needs 4 classes, so the plain difference is used`]
        : []),
    ],
    *perturb(input) {
      const ranks = Math.min(targets, input.labels.shape[1] - 1)
      return yield* attemptsOnUnbroken(input, ranks * restarts, (attempt) => {
        const { classifier, images, classes, number } = attempt
        const target = targetsOf(logitsOf(classifier, images), classes.length, 1 + Math.floor(number / restarts))
        return autoPgd({
          ...attempt,
          norm: geometry,
          epsilon,
          steps,
          samples,
          delta: randomPerturbations(attempt, [name, number], (out, random) =>
            geometry.fillBoundary(out, epsilon, random),
          ),
          objective: (_, rows) =>
            targetedDlr(
              rows.map((row) => classes[row] ?? 0),
              rows.map((row) => target[row] ?? 0),
            ),
        })
      })
    },
  })
}
