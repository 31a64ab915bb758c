import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { readArgument } from '../../dsl/options/declare.js'
import type { Examples } from './attackNetwork.js'
import {
  type AnyAttack,
  type AskedAttackOptions,
  type AttackReport,
  askedAttackOptions,
  attackArgument,
} from './attackReport.js'
import { classesGiven, type Images, valuesOf } from './givenImages.js'
import { type Guess, labelsOption } from './guesses.js'

/** A network that is asked in code. */
export interface AskedNetwork {
  /**
   * All classes with their probabilities for a JPEG or PNG picture, the most probable first. A picture of another size is
   * scaled to cover the network's image, and cropped at both ends.
   */
  readonly classify: (picture: string | Uint8Array) => Promise<readonly Guess[]>
  /** Attacks the network on images with their true classes, as `attackEval` does. */
  readonly attack: (
    attack: AnyAttack,
    images: Images,
    labels: ArrayLike<number>,
    options?: AskedAttackOptions,
  ) => Promise<AttackReport>
}

/** Options of every network that is asked. */
export const askedFields = {
  /** The names of the classes, in the order of their numbers, or `cifar10` for that data set's. @default their numbers */
  labels: labelsOption().optional('their numbers'),
} as const

/** What `attack` was given, checked. */
export interface ReadAttack extends Examples {
  readonly attack: AnyAttack
  readonly options: ReturnType<typeof askedAttackOptions.read>
}

/**
 * Reads what `attack` was given.
 *
 * @throws OptionError for a wrong attack or option, for images of another shape, or for labels that do not belong to them
 */
export const readAttack = (
  [given, images, truth, options = {}]: Parameters<AskedNetwork['attack']>,
  { input, classes }: { readonly input: ImageShape; readonly classes: number },
): ReadAttack => {
  const attack = readArgument('attack', 'attack', attackArgument, given)
  const values = valuesOf('attack', images, input)
  const labels = classesGiven('attack', truth, values.length / imageSize(input), classes)
  return { attack, values, shape: input, labels, options: askedAttackOptions.read(options) }
}
