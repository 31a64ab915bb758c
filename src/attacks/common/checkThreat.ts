import { checkAmong, checkEpsilon, checkPositive } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { type NormName, norms } from './norms.js'

const radiusChecks: Readonly<Record<NormName, (attack: string, epsilon: number) => void>> = {
  Linf: checkEpsilon,
  // The cube of images is longer than 1 across; float32 still has squares of what is below this.
  L2: (attack, epsilon) => {
    checkPositive(attack, 'epsilon', epsilon)
    if (epsilon > 1e6) rejectOption(attack, 'epsilon <= 1000000', epsilon)
  },
}

/** Refuses an unknown norm, an L∞ radius outside (0, 1] and an L2 radius outside (0, 10⁶]. @throws OptionError */
export const checkThreat = (attack: string, norm: NormName, epsilon: number): void => {
  checkAmong(attack, 'a norm', norms, norm)
  radiusChecks[norm](attack, epsilon)
}
