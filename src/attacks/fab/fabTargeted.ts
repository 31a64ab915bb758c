import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack } from '../common/attack.js'
import { defineAttack } from '../common/defineAttack.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { missingTargets, targetsOf } from '../common/targets.js'
import { checkThreat, nameOption } from '../common/threat.js'
import { configOf, fabFields } from './fabOptions.js'
import { fabWalk, planeTowards, searches } from './fabWalk.js'

/** The declared options of {@link fabTargeted}. */
export const fabTargetedOptions = declareOptions('fabTargeted', {
  ...fabFields,
  /** Target classes, ≥ 1: those with the largest logits after the first one. The data may have fewer. @default 9 */
  targets: whole(1).default(9),
  /** Runs for each target, ≥ 1: the first from the image, later ones from random points at half of ε. @default 1 */
  restarts: whole(1).default(1),
  /** Its name in figures. @default 'fab-t' */
  name: nameOption().default('fab-t'),
})

/** Options of {@link fabTargeted}. */
export interface FabTargetedOptions extends OptionsOf<typeof fabTargetedOptions> {}

/**
 * The fast adaptive boundary attack towards one class after another. Each step takes one plane and one backward pass; the
 * untargeted form takes one for each class.
 *
 * @example
 * attackEval([fabTargeted({ epsilon: 0.3 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no steps, targets or restarts, α_max or β outside
 * (0, 1], an η that is not positive, or an unknown norm or search
 * Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", ICML 2020,
 * Algorithm 1; targeted as in AutoAttack (Croce & Hein, ICML 2020, Sec. 5).
 */
export const fabTargeted = (options: FabTargetedOptions): Attack => {
  const { name, targets, ...settings } = fabTargetedOptions.read(options)
  const { norm, epsilon, restarts, search } = settings
  checkThreat('fabTargeted', settings)
  return defineAttack({
    name,
    config: { ...configOf(settings), targets },
    norm,
    epsilon,
    shortened: () => fabTargeted({ ...options, steps: Math.min(settings.steps, SHORT_STEPS), targets: 1, restarts: 1 }),
    weaknesses: (classes) => missingTargets(name, targets, classes),
    *perturb(input) {
      const ranks = Math.min(targets, input.labels.shape[1] - 1)
      return yield* searches[search].attempts(input, ranks * restarts, (attempt) => {
        const { classifier, images, classes, number } = attempt
        const target = targetsOf(logitsOf(classifier, images), classes.length, 1 + Math.floor(number / restarts))
        return fabWalk({
          ...settings,
          name,
          attempt,
          start: number % restarts === 0 ? 'image' : 'random',
          boundary: (points, rows) =>
            planeTowards(
              classifier,
              points,
              rows.map((row) => classes[row] ?? 0),
              rows.map((row) => target[row] ?? 0),
            ),
        })
      })
    },
  })
}
