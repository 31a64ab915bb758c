import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { made, nameOfMade } from '../../dsl/options/kinds.js'
import type { Option } from '../../dsl/options/option.js'
import type { Asking, AskingInput } from './asking.js'
import type { GradientWatch } from './gradientWatch.js'
import type { NormName } from './norms.js'

/** A classifier as an attack sees it: images n × height × width × channels in [0, 1] to logits n × classes. */
export type Classifier = (images: Tensor4D) => Tensor2D

/** What an attack takes. Its tensors belong to the caller. */
export interface AttackInput {
  /** The network that is attacked. */
  readonly classifier: Classifier
  /** n × height × width × channels, in [0, 1]. */
  readonly images: Tensor4D
  /** One-hot, n × classes. */
  readonly labels: Tensor2D
  /** Index of each example in its data set: random numbers depend on it, not on the position in the batch. */
  readonly indices: Uint32Array
  /** Seed of all random numbers. */
  readonly seed: number
  /**
   * Receives which examples have a gradient that the attack can follow, after each backward pass. An attack without
   * gradients never calls it. @default the gradients are not checked
   */
  readonly onGradient?: GradientWatch | undefined
}

/**
 * A running attack. It yields the share of its work that is done, in (0, 1], each time the caller may do something
 * else, and returns adversarial images. Between two steps it owns tensors, so `tf.tidy` must not end between them;
 * `return()` frees them.
 */
export type Perturbing = Generator<number, Tensor4D, undefined>

/** An attack as a value: its name, its options, its threat model, and a pure function of its input. */
export interface Attack {
  /** Its name in figures. */
  readonly name: string
  /** Its options, as the plan states them. */
  readonly config: Readonly<Record<string, unknown>>
  /** How the length of a perturbation is measured. */
  readonly norm: NormName
  /** Radius of the ball around each image; Infinity for an attack that looks for the shortest perturbation. */
  readonly epsilon: number
  /**
   * Returns adversarial images, inside the ball and [0, 1]. An image that the attack did not break may be changed, too.
   * The caller owns the result; every other tensor that the attack made is freed.
   *
   * @throws RunError for images outside [0, 1] or labels that are not one-hot, before any work
   */
  readonly perturb: (input: AttackInput) => Perturbing
  /**
   * The same attack, if it uses logits only: it asks for them, and whatever answers may take its time. With the same
   * indices and seed it finds the same images as `perturb`. @default undefined, an attack that needs gradients
   */
  readonly ask?: (input: AskingInput) => Asking
  /** Warnings if the attack does not reach its full strength on data with this many classes. */
  readonly weaknesses?: (classes: number) => readonly string[]
  /** The same attack, by name and threat, in as few steps as possible, for trials. @default itself */
  readonly shortened?: () => Attack
}

/** Attacks that run one after another, each on the examples that survived the earlier ones, such as AutoAttack. */
export interface AttackSequence {
  /** Its name in figures. */
  readonly name: string
  /** Its options, as the plan states them. */
  readonly config: Readonly<Record<string, unknown>>
  /** At least one attack, all with the same norm and radius and with different names. */
  readonly stages: readonly Attack[]
}

/** Whether several attacks run one after the other, as in AutoAttack. */
export const isSequence = (attack: Attack | AttackSequence): attack is AttackSequence => 'stages' in attack

/** What to write instead of a noise or a sequence of attacks. */
const attackMeant = (value: unknown): string | undefined => {
  const noise = nameOfMade(value, 'draw')
  if (noise !== undefined) return `${noise} is noise: write perturb(${noise}({ … }))`
  const sequence = nameOfMade(value, 'stages')
  return sequence === undefined ? undefined : `${sequence} is several attacks: attackEval([ … ]) takes it`
}

/** An option that takes an attack. */
export const attackOption = (): Option<Attack> =>
  made('an attack, such as pgd({ … })', (value) => 'perturb' in value, undefined, { meant: attackMeant })

/** An option that takes an attack or a sequence of attacks. */
export const evaluatedAttackOption = (): Option<Attack | AttackSequence> =>
  made('an attack, such as autoAttack({ … })', (value) => 'perturb' in value || 'stages' in value, undefined, {
    meant: attackMeant,
  })
