import { rejectOption } from '../../dsl/errors.js'
import { pixelsMeant } from '../../dsl/kit/radius.js'
import { choice, radius, text } from '../../dsl/options/kinds.js'
import { type NormName, normNames } from './norms.js'

/** The largest L2 radius: squares of lengths up to it are well within the range of float32. */
const LARGEST = 1e6

/** The options of every attack that is limited to a ball. */
export const threatFields = {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. It may be a text such as 8/255. */
  epsilon: radius({ above: 0 }),
  /** How a perturbation is measured. @default 'Linf' */
  norm: choice(normNames).default('Linf'),
}

/** An option that takes the name of an attack in figures. */
export const nameOption = () => text('a name')

/** How far an attack may move an image. */
export interface Threat {
  /** Radius of the ball around each image. */
  readonly epsilon: number
  readonly norm: NormName
}

/** The largest radius of each norm. In L2, two images can be further apart than 1. */
const largest: Readonly<Record<NormName, number>> = { Linf: 1, L2: LARGEST }

/**
 * Refuses a radius that is too large for its norm. If the radius looks like pixel values of 0 to 255, the error suggests
 * the value in [0, 1].
 *
 * @throws OptionError for an L∞ radius over 1 or an L2 radius over 10⁶
 */
export const checkThreat = (attack: string, { norm, epsilon }: Threat): void => {
  if (epsilon <= largest[norm]) return
  refuseRadius(attack, 'epsilon', norm, epsilon)
}

/** Refuses a step of L∞ that is larger than the range of a pixel. @throws OptionError for an L∞ step over 1 */
export const checkStepSize = (attack: string, norm: NormName, stepSize: number): void => {
  if (norm === 'Linf' && stepSize > 1) refuseRadius(attack, 'stepSize', norm, stepSize)
}

const refuseRadius = (attack: string, name: string, norm: NormName, value: number): never => {
  const meant = norm === 'Linf' ? pixelsMeant(value) : undefined
  return rejectOption(attack, `${name} in (0, ${largest[norm]}]`, meant === undefined ? value : `${value}; ${meant}`)
}
