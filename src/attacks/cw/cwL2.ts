import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { number, positive, whole } from '../../dsl/options/kinds.js'
import type { Attack } from '../common/attack.js'
import { onUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { nameOption } from '../common/threat.js'
import { constantSearch, LARGEST_CONSTANT } from './cwConstants.js'
import { shortest } from './cwDescent.js'

/** What {@link cwL2} takes. */
export const cwL2Options = declareOptions('cwL2', {
  /** By how much another logit must exceed the true class's, κ ≥ 0. @default 0 */
  confidence: number({ least: 0 }).default(0),
  /** Step size of Adam, > 0. @default 0.01 */
  learningRate: positive().default(0.01),
  /** Steps of Adam for each c, ≥ 1; the paper takes 10,000. @default 50 */
  steps: whole(1).default(50),
  /** Values of c tried for each example, ≥ 1: more find shorter perturbations; the paper takes 20. @default 1 */
  searchSteps: whole(1).default(1),
  /** The first c, in (0, 10¹⁰]. @default 1 */
  initialConstant: number({ above: 0, most: LARGEST_CONSTANT }).default(1),
  /** Its name in figures. @default 'cw-l2' */
  name: nameOption().default('cw-l2'),
})

/** Options of {@link cwL2}. */
export interface CwL2Options extends OptionsOf<typeof cwL2Options> {}

/**
 * Carlini and Wagner's L2 attack: looks for the shortest perturbation that changes the class, without a bound. Adam
 * minimises ‖x' − x‖₂² + c·max(z_y − max_{j ≠ y} z_j, −κ) over w with x' = (tanh w + 1)/2, which lies in [0, 1]. Each
 * example has its own c: 10·c follows where none broke it, then the middle of what did and what did not. As the
 * variable's slope is 0 there, pixels at 0 and 1 hardly move in few steps.
 *
 * With `searchSteps` 1, the default, some examples stand that a larger c breaks; 9 are usual for the shortest.
 *
 * @example
 * attackEval([cwL2({ steps: 1000, searchSteps: 9, initialConstant: 0.01 })])
 * @throws OptionError for κ < 0, a step size or first c that is not positive or too large, fewer than 1 step or search step
 * Source: Carlini & Wagner, "Towards Evaluating the Robustness of Neural Networks", S&P 2017, Section VI.A.
 */
export const cwL2 = (options: CwL2Options = {}): Attack => {
  const { name, ...settings } = cwL2Options.read(options)
  const { confidence, learningRate, steps, searchSteps, initialConstant } = settings
  return defineAttack({
    name,
    config: cwL2Options.config(settings),
    norm: 'L2',
    epsilon: Number.POSITIVE_INFINITY,
    perturb: (input) =>
      onUnbroken(input, 1, (attempt) =>
        shortest(attempt, {
          confidence,
          learningRate,
          steps,
          searchSteps,
          search: constantSearch(attempt.indices.length, initialConstant),
        }),
      ),
  })
}
