import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { number, positive, whole } from '../../dsl/options/kinds.js'
import type { Attack } from '../common/attack.js'
import { attemptsOnUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { nameOption } from '../common/threat.js'
import { constantSearch, LARGEST_CONSTANT } from './cwConstants.js'
import { findShortest } from './cwDescent.js'

/** The declared options of {@link cwL2}. */
export const cwL2Options = declareOptions('cwL2', {
  /** κ ≥ 0: by how much another logit must exceed that of the true class. @default 0 */
  confidence: number({ least: 0 }).default(0),
  /** Learning rate of Adam, > 0. @default 0.01 */
  learningRate: positive().default(0.01),
  /** Steps of Adam for each c, ≥ 1. The paper uses 10,000. @default 50 */
  steps: whole(1).default(50),
  /** Values of c tried for each example, ≥ 1. More find shorter perturbations; the paper uses 20. @default 1 */
  searchSteps: whole(1).default(1),
  /** The first c, in (0, 10¹⁰]. @default 1 */
  initialConstant: number({ above: 0, most: LARGEST_CONSTANT }).default(1),
  /** Its name in figures. @default 'cw-l2' */
  name: nameOption().default('cw-l2'),
})

/** Options of {@link cwL2}. */
export interface CwL2Options extends OptionsOf<typeof cwL2Options> {}

/**
 * The L2 attack of Carlini and Wagner: looks for the shortest perturbation that changes the class, without a bound. Adam
 * minimises ‖x' − x‖₂² + c·max(z_y − max_{j ≠ y} z_j, −κ) over w with x' = (tanh w + 1)/2, which is in [0, 1]. Each
 * example has its own c: it grows tenfold until it breaks the example, and is then found by bisection. Pixels at 0 and 1
 * hardly move in few steps, because the gradient of tanh is almost 0 there.
 *
 * With the default `searchSteps` of 1, some examples survive that a larger c breaks. To find the shortest perturbations,
 * 9 steps are usual.
 *
 * @example
 * attackEval([cwL2({ steps: 1000, searchSteps: 9, initialConstant: 0.01 })])
 * @throws OptionError for κ < 0, a learning rate that is not positive, a first c outside (0, 10¹⁰], or fewer than 1 step
 * or search step
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
    shortened: () => cwL2({ ...options, steps: Math.min(steps, SHORT_STEPS), searchSteps: 1 }),
    perturb: (input) =>
      attemptsOnUnbroken(input, 1, (attempt) =>
        findShortest(attempt, {
          confidence,
          learningRate,
          steps,
          searchSteps,
          search: constantSearch(attempt.indices.length, initialConstant),
        }),
      ),
  })
}
