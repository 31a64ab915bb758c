import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { rejectOption } from '../../dsl/errors.js'

/**
 * Images as numbers, row by row with the channels last (count × height × width × channels): a tensor or a Float32Array in
 * [0, 1], or bytes 0 … 255.
 */
export type Images = Tensor4D | Float32Array | Uint8Array

const drawn = ({ height, width, channels }: ImageShape): string => `${height} × ${width} × ${channels}`

/**
 * The values of images in [0, 1], count × height × width × channels.
 *
 * @throws OptionError for images of another shape, or numbers outside [0, 1]
 */
export const valuesOf = (stage: string, images: Images, shape: ImageShape): Float32Array => {
  const size = imageSize(shape)
  if (images instanceof Uint8Array || images instanceof Float32Array) {
    if (images.length === 0 || images.length % size !== 0)
      rejectOption(stage, `images of ${drawn(shape)}, ${size} values each`, `${images.length} values`)
    return images instanceof Uint8Array ? Float32Array.from(images, (byte) => byte / 255) : inRange(stage, images)
  }
  const [, height, width, channels] = images.shape
  if (height !== shape.height || width !== shape.width || channels !== shape.channels)
    rejectOption(stage, `images of ${drawn(shape)}`, drawn({ height, width, channels }))
  return inRange(stage, images.dataSync<'float32'>())
}

const inRange = (stage: string, values: Float32Array): Float32Array => {
  const outside = values.find((value) => !(value >= 0 && value <= 1))
  return outside === undefined ? values : rejectOption(stage, 'images in [0, 1]', outside)
}

/**
 * The classes of images.
 *
 * @throws OptionError for another number of them, or a class that the network does not have
 */
export const classesGiven = (stage: string, labels: ArrayLike<number>, count: number, classes: number): Int32Array => {
  const given = Array.from(labels)
  if (given.length !== count) rejectOption(stage, `${count} labels, one for each image`, given.length)
  const wrong = given.find((label) => !(Number.isInteger(label) && label >= 0 && label < classes))
  if (wrong !== undefined) rejectOption(stage, `labels that are whole numbers from 0 to ${classes - 1}`, wrong)
  return Int32Array.from(given)
}
