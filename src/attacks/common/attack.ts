import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { made, nameOfMade } from '../../dsl/options/kinds.js'
import type { Option } from '../../dsl/options/option.js'
import type { NormName } from './norms.js'

/** A classifier as an attack sees it: images n × height × width × channels in [0, 1] to logits n × classes. */
export type Classifier = (images: Tensor4D) => Tensor2D

/** What an attack works on. */
export interface AttackInput {
  readonly classifier: Classifier
  /** n × height × width × channels, in [0, 1]. */
  readonly images: Tensor4D
  /** One-hot, n × classes. */
  readonly labels: Tensor2D
  /** Identity of each example: randomness belongs to it, not to its place in a batch. */
  readonly indices: Uint32Array
  readonly seed: number
}

/**
 * An attack on its way: yields the share of its work that is done, in (0, 1], wherever the caller may look after
 * other things, and returns adversarial images. Between two steps it owns tensors, so `tf.tidy` must not span one;
 * `return()` frees them.
 */
export type Perturbing = Generator<number, Tensor4D, undefined>

/** An attack as a value: its name, its options, its threat model, and a pure function of its input. */
export interface Attack {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** How the length of a perturbation is measured. */
  readonly norm: NormName
  /** Radius of the ball around each image; Infinity for an attack that looks for the shortest perturbation. */
  readonly epsilon: number
  /**
   * Adversarial images, inside the ball and [0, 1]; an example that was not broken comes back in any state. The caller
   * owns the result; nothing else is left behind.
   *
   * @throws RunError for images outside [0, 1] or labels that are not one-hot, before any work
   */
  readonly perturb: (input: AttackInput) => Perturbing
  /** What keeps it from its full strength on so many classes, in words for a person. */
  readonly weaknesses?: (classes: number) => readonly string[]
}

/** Attacks that work one after the other, each on the examples that the earlier ones left: AutoAttack. */
export interface AttackSequence {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** At least one, all of one norm and radius, each of another name. */
  readonly stages: readonly Attack[]
}

const attackMeant = (value: unknown): string | undefined => {
  const noise = nameOfMade(value, 'draw')
  if (noise !== undefined) return `${noise} is noise: write perturb(${noise}({ … }))`
  const sequence = nameOfMade(value, 'stages')
  return sequence === undefined ? undefined : `${sequence} is several attacks: attackEval([ … ]) takes it`
}

/** An option: an attack. */
export const attackOption = (): Option<Attack> =>
  made('an attack, such as pgd({ … })', (value) => 'perturb' in value, undefined, { meant: attackMeant })

/** An option: what an evaluation attacks with. */
export const evaluatedAttackOption = (): Option<Attack | AttackSequence> =>
  made('an attack, such as autoAttack({ … })', (value) => 'perturb' in value || 'stages' in value, undefined, {
    meant: attackMeant,
  })
