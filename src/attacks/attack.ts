import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'

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

/** An attack as a value: its name, its options, its threat model, and a pure function of its input. */
export interface Attack {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** Radius of the L∞ ball around each image, in (0, 1]. */
  readonly epsilon: number
  /** Adversarial images, inside the ball and [0, 1]. The caller owns the result; nothing else is left behind. */
  readonly perturb: (input: AttackInput) => Tensor4D
}
