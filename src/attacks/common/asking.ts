import type { ImageShape } from '../../dsl/dataset.js'

/** Images to be classified: what an attack asks that uses logits only. */
export interface Question {
  /** count × height × width × channels, in [0, 1]. The attack does not change it afterwards. */
  readonly images: Float32Array
  readonly count: number
  /** Share of the attempt's work that is done with the answer, in (0, 1]. */
  readonly share: number
}

/**
 * A running attack that uses logits only. It yields images, takes their logits (count × classes, row by row), and returns
 * adversarial images. Whatever answers may take its time: a network elsewhere can be attacked in this way.
 */
export type Asking = Generator<Question, Float32Array, Float32Array>

/** What an attack that uses logits only takes. */
export interface AskingInput {
  /** n × height × width × channels, in [0, 1]. */
  readonly images: Float32Array
  readonly shape: ImageShape
  /** The true class of each image, which the network finds without an attack. */
  readonly classes: Int32Array
  /** Index of each example in its data set: random numbers depend on it, not on the position in the batch. */
  readonly indices: Uint32Array
  /** Seed of all random numbers. */
  readonly seed: number
}

/**
 * Some of the images, in the order of `rows`.
 *
 * @param size numbers of an image
 */
export const imagesAt = (
  images: Float32Array,
  size: number,
  rows: Iterable<number> & { readonly length: number },
): Float32Array => {
  const some = new Float32Array(rows.length * size)
  let place = 0
  for (const row of rows) some.set(images.subarray(row * size, (row + 1) * size), size * place++)
  return some
}
