import type { ImageShape } from '../../../dsl/dataset.js'
import { imageSize } from '../../../dsl/dataset.js'
import { type Place, refusalAt } from '../../files/refusal.js'
import type { NpyArray } from './npy.js'

/** Where the channels of images are. */
export type ChannelsAt = 'last' | 'first'

const textOf = (shape: readonly number[]): string => `(${shape.join(', ')})`

/** The largest side of an image, in pixels, and the most channels. */
const MOST_EXTENT = 4096

/** The shape of the images of an array, count × height × width or with channels. @throws FileError for another one */
export const imageShapeOf = (place: Place, { shape }: NpyArray, channels: ChannelsAt): ImageShape => {
  const [count = 0, ...sides] = shape
  const [height = 0, width = 0, deep = 1] =
    sides.length === 3 && channels === 'first' ? [sides[1], sides[2], sides[0]] : sides
  const found = { height, width, channels: deep ?? 0 }
  const isImage = (sides.length === 2 || sides.length === 3) && count > 0
  if (!isImage || Object.values(found).some((side) => side < 1 || side > MOST_EXTENT)) {
    const order = channels === 'first' ? 'channels, height, width' : 'height, width, channels'
    throw refusalAt(place, `images of shape (count, ${order}) or (count, height, width)`, textOf(shape))
  }
  return found
}

/** The bytes of images, with the channels last. @throws FileError for numbers that are neither bytes nor in [0, 1] */
export const imageBytes = (place: Place, array: NpyArray, channels: ChannelsAt, shape: ImageShape): Uint8Array => {
  const bytes = bytesOf(place, array)
  return channels === 'first' && shape.channels > 1 ? channelsLast(bytes, shape) : bytes
}

const bytesOf = (place: Place, { type, values }: NpyArray): Uint8Array => {
  if (type === 'u1' && values instanceof Uint8Array) return values
  if (values instanceof Float32Array || values instanceof Float64Array) {
    const outside = values.find((value) => !(value >= 0 && value <= 1))
    if (outside === undefined) return Uint8Array.from(values, (value) => Math.round(255 * value))
    throw refusalAt(
      place,
      'images as uint8, or floats in [0, 1]',
      `${outside}`,
      'Save them before they are normalised.',
    )
  }
  throw refusalAt(place, 'images as uint8, or floats in [0, 1]', type, 'Save a.astype(np.uint8).')
}

const channelsLast = (bytes: Uint8Array, shape: ImageShape): Uint8Array => {
  const size = imageSize(shape)
  const pixels = shape.height * shape.width
  return bytes.map((_, at) => {
    const within = at % size
    const pixel = Math.floor(within / shape.channels)
    return bytes[at - within + (within % shape.channels) * pixels + pixel] ?? 0
  })
}

/** Labels, one for each image, of shape (count) or (count, 1). @throws FileError for others, and classes that are not there */
export const labelNumbers = (place: Place, { shape, values }: NpyArray, classes: number): Uint16Array => {
  const isList = shape.length === 1 || (shape.length === 2 && shape[1] === 1)
  if (!isList) throw refusalAt(place, 'labels of shape (count)', textOf(shape), 'One-hot labels: save y.argmax(1).')
  const numbers = Array.from(values, Number)
  const wrong = numbers.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes))
  if (wrong >= 0)
    throw refusalAt(place, `labels from 0 to ${classes - 1}`, `${numbers[wrong]} as label number ${wrong}`)
  return Uint16Array.from(numbers)
}
