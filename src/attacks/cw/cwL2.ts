import { checkOptions } from '../../dsl/checkOptions.js'
import { checkPositive, checkWhole } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import type { Attack } from '../common/attack.js'
import { onUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { constantSearch, LARGEST_CONSTANT } from './cwConstants.js'
import { shortest } from './cwDescent.js'

/** Options of {@link cwL2}. */
export interface CwL2Options {
  /** By how much another logit must exceed the true class's, κ ≥ 0. @default 0 */
  readonly confidence?: number
  /** Step size of Adam, > 0. @default 0.01 */
  readonly learningRate?: number
  /** Steps of Adam for each c, ≥ 1; the paper's are 10,000. @default 50 */
  readonly steps?: number
  /** Values of c that are tried for each example, ≥ 1: more find shorter perturbations; the paper's are 20. @default 1 */
  readonly searchSteps?: number
  /** The first c, in (0, 10¹⁰]. @default 1 */
  readonly initialConstant?: number
  /** How figures name it. @default 'cw-l2' */
  readonly name?: string
}

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
  const {
    confidence = 0,
    learningRate = 0.01,
    steps = 50,
    searchSteps = 1,
    initialConstant = 1,
    name = 'cw-l2',
  } = checkOptions('cwL2', options, {
    confidence: true,
    learningRate: true,
    steps: true,
    searchSteps: true,
    initialConstant: true,
    name: true,
  })
  if (!(confidence >= 0 && Number.isFinite(confidence))) rejectOption('cwL2', 'confidence >= 0', confidence)
  checkPositive('cwL2', 'learningRate', learningRate)
  checkWhole('cwL2', 'steps', steps, 1)
  checkWhole('cwL2', 'searchSteps', searchSteps, 1)
  checkPositive('cwL2', 'initialConstant', initialConstant)
  if (initialConstant > LARGEST_CONSTANT)
    rejectOption('cwL2', `initialConstant <= ${LARGEST_CONSTANT}`, initialConstant)
  return defineAttack({
    name,
    config: { confidence, learningRate, steps, searchSteps, initialConstant },
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
