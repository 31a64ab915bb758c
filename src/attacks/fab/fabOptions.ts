import { choice, positive, share, whole } from '../../dsl/options/kinds.js'
import { type Threat, threatFields } from '../common/threat.js'

/** The options that both forms of FAB take. */
export const fabFields = {
  ...threatFields,
  /** Steps of each restart, ≥ 1. @default 100 */
  steps: whole(1).default(100),
  /** Runs, ≥ 1: the first from the image, later ones from random points at half of ε. @default 1 */
  restarts: whole(1).default(1),
  /** Largest weight of the pull back to the image in a step, in (0, 1]. @default 0.1 */
  alphaMax: share().default(0.1),
  /** How far a step goes beyond the plane, > 0. @default 1.05 */
  eta: positive().default(1.05),
  /** The share of its distance from the image that an adversarial point keeps when it is moved back, in (0, 1]. @default 0.9 */
  beta: share().default(0.9),
  /**
   * `shortest`: makes all steps of all restarts on every example and keeps the shortest perturbation. `within`: stops at
   * the first perturbation within ε, as in AutoAttack, for the same robust accuracy in less time. @default 'shortest'
   */
  search: choice(['shortest', 'within']).default('shortest'),
}

/** The options as a plan states them. Their order is part of the hash of the plan. */
export const configOf = <S extends Threat>({ norm, epsilon, ...rest }: S) => ({ norm, epsilon, ...rest })
