import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack } from '../common/attack.js'
import { onUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { targetedDlr } from '../common/losses.js'
import { norms } from '../common/norms.js'
import { drawn } from '../common/starts.js'
import { fewerTargets, targetsOf } from '../common/targets.js'
import { checkThreat, nameOption, threatFields } from '../common/threat.js'
import { autoPgd } from './autoPgd.js'

/** What {@link apgdTargeted} takes. */
export const apgdTargetedOptions = declareOptions('apgdTargeted', {
  ...threatFields,
  /** Gradient steps of a try, ≥ 1. @default 100 */
  steps: whole(1).default(100),
  /** Target classes, ≥ 1: those with the largest logits after the first; at most all but one. @default 9 */
  targets: whole(1).default(9),
  /** Tries for each target, ≥ 1. @default 1 */
  restarts: whole(1).default(1),
  /** Passes whose gradients are added up in each step, ≥ 1. @default 1 */
  samples: whole(1).default(1),
  /** Its name in figures. @default 'apgd-t' */
  name: nameOption().default('apgd-t'),
})

/** Options of {@link apgdTargeted}. */
export interface ApgdTargetedOptions extends OptionsOf<typeof apgdTargetedOptions> {}

/**
 * Auto-PGD on the targeted difference of logits ratio, one target class after the other, each on what the earlier
 * ones left.
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
    weaknesses: (classes) => [
      ...fewerTargets(name, targets, classes),
      ...(classes < 4
        ? [`${name}: the targeted difference of logits ratio needs 4 classes, the plain difference is used`]
        : []),
    ],
    *perturb(input) {
      const ranks = Math.min(targets, input.labels.shape[1] - 1)
      return yield* onUnbroken(input, ranks * restarts, (attempt) => {
        const { classifier, images, classes, run } = attempt
        const target = targetsOf(logitsOf(classifier, images), classes.length, 1 + Math.floor(run / restarts))
        return autoPgd({
          ...attempt,
          norm: geometry,
          epsilon,
          steps,
          samples,
          delta: drawn(attempt, [name, run], (out, random) => geometry.fillBoundary(out, epsilon, random)),
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
