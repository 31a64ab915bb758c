import { checkAmong, checkEpsilon, checkPositive } from '../dsl/checks.js'
import { type NormName, norms } from './norms.js'

const radiusChecks: Readonly<Record<NormName, (attack: string, epsilon: number) => void>> = {
  Linf: checkEpsilon,
  // The cube of images is longer than 1 across.
  L2: (attack, epsilon) => checkPositive(attack, 'epsilon', epsilon),
}

/** Refuses an unknown norm, an L∞ radius outside (0, 1] and an L2 radius that is not positive. @throws OptionError */
export const checkThreat = (attack: string, norm: NormName, epsilon: number): void => {
  checkAmong(attack, 'a norm', norms, norm)
  radiusChecks[norm](attack, epsilon)
}
