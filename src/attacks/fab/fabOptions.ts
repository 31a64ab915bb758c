import { choice, positive, share, whole } from '../../dsl/options/kinds.js'
import { type Threat, threatFields } from '../common/threat.js'

/** What both forms of FAB take. */
export const fabFields = {
  ...threatFields,
  /** Steps of a try, ≥ 1. @default 100 */
  steps: whole(1).default(100),
  /** Tries, ≥ 1: the first from the image, later ones from random points at half of ε. @default 1 */
  restarts: whole(1).default(1),
  /** Largest weight of the pull back to the image in a step, in (0, 1]. @default 0.1 */
  alphaMax: share().default(0.1),
  /** How far a step goes beyond the plane, > 0. @default 1.05 */
  eta: positive().default(1.05),
  /** How much of its distance an adversarial point keeps when it is drawn back to the image, in (0, 1]. @default 0.9 */
  beta: share().default(0.9),
  /**
   * `shortest`: all steps of all tries on every example, its shortest perturbation counts. `within`: an example is done
   * with the first perturbation within ε, as in AutoAttack: the same robust accuracy sooner. @default 'shortest'
   */
  search: choice(['shortest', 'within']).default('shortest'),
}

/** Options as a plan states them. Their order counts in the hash of the plan. */
export const configOf = <S extends Threat>({ norm, epsilon, ...rest }: S) => ({ norm, epsilon, ...rest })
