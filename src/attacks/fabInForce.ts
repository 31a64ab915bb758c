import type { OptionNames } from '../dsl/checkOptions.js'
import { checkAmong, checkPositive, checkWhole } from '../dsl/checks.js'
import { rejectOption } from '../dsl/errors.js'
import { checkThreat } from './checkThreat.js'
import type { FabOptions } from './fab.js'
import { searches } from './fabWalk.js'

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
