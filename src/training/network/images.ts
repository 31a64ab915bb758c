import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { type Augmentation, type Dice, type ImageShape, imageSize, type Split } from '../../dsl/dataset.js'
import { tf } from '../../engine/tf.js'

/** b / 255 for each byte b. */
const INTENSITIES = Float32Array.from({ length: 256 }, (_, byte) => byte / 255)

/** Bytes 0 … 255 to n × height × width × channels in [0, 1]. */
const toTensor = (bytes: Uint8Array, count: number, { height, width, channels }: ImageShape): Tensor4D => {
  const pixels = new Float32Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) pixels[i] = INTENSITIES[bytes[i] ?? 0] ?? 0
  return tf.tensor4d(pixels, [count, height, width, channels])
}

/** The images at some places of a split: n × height × width × channels, in [0, 1]. */
export const imagesOf = (split: Split, shape: ImageShape, indices: Uint32Array): Tensor4D => {
  const size = imageSize(shape)
  const bytes = new Uint8Array(indices.length * size)
  for (const [row, index] of indices.entries())
    bytes.set(split.images.subarray(index * size, (index + 1) * size), row * size)
  return toTensor(bytes, indices.length, shape)
}

/** The same, each image changed by the augmentations one after the other, with its own random numbers. */
export const augmentedImagesOf = (
  split: Split,
  shape: ImageShape,
  indices: Uint32Array,
  augment: readonly Augmentation[],
  diceOf: (index: number) => Dice,
): Tensor4D => {
  const size = imageSize(shape)
  const bytes = new Uint8Array(indices.length * size)
  let [image, changed] = [new Uint8Array(size), new Uint8Array(size)]
  for (const [row, index] of indices.entries()) {
    const dice = diceOf(index)
    image.set(split.images.subarray(index * size, (index + 1) * size))
    for (const { apply } of augment) {
      apply(image, changed, shape, dice)
      ;[image, changed] = [changed, image]
    }
    bytes.set(image, row * size)
  }
  return toTensor(bytes, indices.length, shape)
}

/** Class indices to one-hot rows. */
export const labelsOf = (split: Split, classes: number, indices: Uint32Array): Tensor2D => {
  const rows = new Float32Array(indices.length * classes)
  for (const [row, index] of indices.entries()) rows[row * classes + (split.labels[index] ?? 0)] = 1
  return tf.tensor2d(rows, [indices.length, classes])
}
