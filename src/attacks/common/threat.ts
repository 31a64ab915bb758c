import { rejectOption } from '../../dsl/errors.js'
import { choice, number, text } from '../../dsl/options/kinds.js'
import { type NormName, normNames } from './norms.js'

/** The largest L2 radius: float32 still has the squares of what is below it. */
const LARGEST = 1e6

/** Options that every attack within a ball has. */
export const threatFields = {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  epsilon: number({ above: 0 }),
  /** How a perturbation is measured. @default 'Linf' */
  norm: choice(normNames).default('Linf'),
}

/** The option of an attack's name in figures. */
export const nameOption = () => text('a name')

/** How far an attack may move an image. */
export interface Threat {
  readonly epsilon: number
  readonly norm: NormName
}

/** The largest radius of each norm: the cube of images is longer than 1 across. */
const largest: Readonly<Record<NormName, number>> = { Linf: 1, L2: LARGEST }

/**
 * Refuses a radius that is too large for its norm. A radius in the units of pixels from 0 to 255 is asked about.
 *
 * @throws OptionError for an L∞ radius over 1 or an L2 radius over 10⁶
 */
export const checkThreat = (attack: string, { norm, epsilon }: Threat): void => {
  if (epsilon <= largest[norm]) return
  const isInPixels = norm === 'Linf' && epsilon < 256
  rejectOption(
    attack,
    `epsilon in (0, ${largest[norm]}]`,
    isInPixels ? `${epsilon}; did you mean ${epsilon}/255?` : epsilon,
  )
}
