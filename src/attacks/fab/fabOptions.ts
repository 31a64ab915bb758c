import type { OptionNames } from '../../dsl/checkOptions.js'
import { checkAmong, checkPositive, checkWhole } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { checkThreat } from '../common/checkThreat.js'
import type { NormName } from '../common/norms.js'
import { type FabSearch, searches } from './fabWalk.js'

/** Options of `fab`. */
export interface FabOptions {
  /** Radius within which an example counts as broken: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  readonly epsilon: number
  /** How a perturbation is measured. @default 'Linf' */
  readonly norm?: NormName
  /** Steps of a try, ≥ 1. @default 100 */
  readonly steps?: number
  /** Tries, ≥ 1: the first from the image, later ones from random points at half of ε. @default 1 */
  readonly restarts?: number
  /** Largest weight of the way back to the image in a step, in (0, 1]. @default 0.1 */
  readonly alphaMax?: number
  /** How far a step goes over the plane, > 0. @default 1.05 */
  readonly eta?: number
  /** How much of its distance an adversarial point keeps when it is drawn back to the image, in (0, 1]. @default 0.9 */
  readonly beta?: number
  /**
   * `shortest`: all steps of all tries on every example, its shortest perturbation counts. `within`: an example is done
   * with the first perturbation within ε, as in AutoAttack: the same robust accuracy sooner. @default 'shortest'
   */
  readonly search?: FabSearch
  /** How figures name it. @default 'fab' */
  readonly name?: string
}

/** Names of what both forms of FAB have. */
export const fabNames: OptionNames<FabOptions> = {
  epsilon: true,
  norm: true,
  steps: true,
  restarts: true,
  alphaMax: true,
  eta: true,
  beta: true,
  search: true,
  name: true,
}

/** What both forms of FAB work with where the options say nothing else. @throws OptionError for what they can't work with */
export const fabInForce = (
  attack: string,
  {
    epsilon,
    norm = 'Linf',
    steps = 100,
    restarts = 1,
    alphaMax = 0.1,
    eta = 1.05,
    beta = 0.9,
    search = 'shortest',
  }: FabOptions,
) => {
  checkThreat(attack, norm, epsilon)
  checkWhole(attack, 'steps', steps, 1)
  checkWhole(attack, 'restarts', restarts, 1)
  checkAmong(attack, 'a search', searches, search)
  checkPositive(attack, 'eta', eta)
  for (const [option, share] of Object.entries({ alphaMax, beta }))
    if (!(share > 0 && share <= 1)) rejectOption(attack, `${option} in (0, 1]`, share)
  return { norm, epsilon, steps, restarts, alphaMax, eta, beta, search }
}
