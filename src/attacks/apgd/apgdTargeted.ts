import { checkOptions } from '../../dsl/checkOptions.js'
import { checkWhole } from '../../dsl/checks.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack } from '../common/attack.js'
import { onUnbroken } from '../common/attempts.js'
import { checkThreat } from '../common/checkThreat.js'
import { defineAttack } from '../common/defineAttack.js'
import { targetedDlr } from '../common/losses.js'
import { type NormName, norms } from '../common/norms.js'
import { drawn } from '../common/starts.js'
import { fewerTargets, targetsOf } from '../common/targets.js'
import { autoPgd } from './autoPgd.js'

/** Options of {@link apgdTargeted}. */
export interface ApgdTargetedOptions {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  readonly epsilon: number
  /** How a perturbation is measured. @default 'Linf' */
  readonly norm?: NormName
  /** Gradient steps of a try, ≥ 1. @default 100 */
  readonly steps?: number
  /** Target classes, ≥ 1: those that the network finds likeliest, after the first; at most all but one. @default 9 */
  readonly targets?: number
  /** Tries for each target, ≥ 1. @default 1 */
  readonly restarts?: number
  /** Passes whose gradients are added up in each step, ≥ 1. @default 1 */
  readonly samples?: number
  /** How figures name it. @default 'apgd-t' */
  readonly name?: string
}

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
  const {
    epsilon,
    norm = 'Linf',
    steps = 100,
    targets = 9,
    restarts = 1,
    samples = 1,
    name = 'apgd-t',
  } = checkOptions('apgdTargeted', options, {
    epsilon: true,
    norm: true,
    steps: true,
    targets: true,
    restarts: true,
    samples: true,
    name: true,
  })
  checkThreat('apgdTargeted', norm, epsilon)
  const counts = { steps, targets, restarts, samples }
  for (const [option, value] of Object.entries(counts)) checkWhole('apgdTargeted', option, value, 1)
  const geometry = norms[norm]
  return defineAttack({
    name,
    config: { epsilon, norm, ...counts },
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
