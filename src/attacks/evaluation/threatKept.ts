import { PwoaFailure } from '../../dsl/errors.js'
import { drawnRadius } from '../../dsl/kit/radius.js'
import type { Attack } from '../common/attack.js'
import type { NormName } from '../common/norms.js'

/** How far rounding may carry the length of a perturbation over ε: half a float32 step below 1, and the sum in L2. */
const tolerances: Readonly<Record<NormName, (epsilon: number) => number>> = {
  Linf: () => 1e-6,
  L2: (epsilon) => 1e-6 + 1e-5 * epsilon,
}

/** What an attack has made of some images. */
interface Made {
  /** Lengths of the perturbations, in the norm of the attack. */
  readonly lengths: ArrayLike<number>
  /** The smallest and the largest value of the images. */
  readonly low: number
  readonly high: number
}

/** Whether an attack kept to its threat. @throws RunError if an image is outside ε or [0, 1], or not a number */
export const checkThreatKept = (
  { name, norm, epsilon }: Pick<Attack, 'name' | 'norm' | 'epsilon'>,
  { lengths, low, high }: Made,
): void => {
  const refuse = (expected: string, actual: string): never => {
    throw new PwoaFailure({ _tag: 'RunError', stage: name, expected, actual })
  }
  const most = epsilon + tolerances[norm](epsilon)
  const tooLong = Array.from(lengths).find((length) => !(length <= most))
  if (tooLong !== undefined) refuse(`perturbations of at most ${drawnRadius(epsilon)}`, `${tooLong}`)
  if (!(low >= 0 && high <= 1)) refuse('images in [0, 1]', `${low} … ${high}`)
}
