import { checkAmong, checkPositive, checkWhole } from '../dsl/checks.js'
import { rejectOption } from '../dsl/errors.js'
import { searches } from './fabWalk.js'

/** Refuses what neither form of FAB can work with. @throws OptionError */
export const checkFab = (
  attack: string,
  {
    steps,
    restarts,
    alphaMax,
    eta,
    beta,
    search,
  }: Readonly<Record<'steps' | 'restarts' | 'alphaMax' | 'eta' | 'beta', number>> & { readonly search: string },
): void => {
  checkWhole(attack, 'steps', steps, 1)
  checkWhole(attack, 'restarts', restarts, 1)
  checkAmong(attack, 'a search', searches, search)
  checkPositive(attack, 'eta', eta)
  for (const [option, share] of Object.entries({ alphaMax, beta }))
    if (!(share > 0 && share <= 1)) rejectOption(attack, `${option} in (0, 1]`, share)
}
