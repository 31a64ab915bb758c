import type { ImageShape } from '../../dsl/dataset.js'
import type { AttentionLayer } from '../layers/layer.js'
import type { CrossCovarianceLayer, SoftmaxLayer } from '../layers/tokenLayers.js'

/** Refuses what a layer can't take. */
type Refuse = (expected: string, actual: string) => never

type ImageNode = { readonly kind: 'image' } & ImageShape

/**
 * The shape of attention: the pixels of the queries, and the channels of the values.
 *
 * @param refuse throws for images that do not fit together
 */
export const attended = (
  { heads, scale = 1 }: AttentionLayer,
  images: readonly ImageNode[],
  refuse: Refuse,
): ImageNode => {
  const [query, key, value] = images
  if (!query || !key || !value || images.length > 3)
    return refuse('three inputs, queries, keys and values', `${images.length}`)
  if (!Number.isInteger(heads) || heads < 1) refuse('a whole number of heads >= 1', String(heads))
  if (!(scale > 0 && scale < Infinity)) refuse('a finite scale > 0', String(scale))
  if (query.channels !== key.channels) refuse(`keys of ${query.channels} channels`, sizeText(key))
  if (key.height !== value.height || key.width !== value.width)
    refuse(`values of ${key.height} x ${key.width}`, sizeText(value))
  for (const { channels } of [query, value])
    if (channels % heads !== 0) refuse(`heads that divide ${channels} channels`, String(heads))
  return { ...query, channels: value.channels }
}

/**
 * The shape of attention between channels: that of its values.
 *
 * @param refuse throws for images that do not fit together
 */
export const covaried = ({ heads }: CrossCovarianceLayer, images: readonly ImageNode[], refuse: Refuse): ImageNode => {
  const [query, key, value] = images
  if (!query || !key || !value || images.length > 3)
    return refuse('three inputs, queries, keys and values', `${images.length}`)
  if (!Number.isInteger(heads) || heads < 1) refuse('a whole number of heads >= 1', String(heads))
  if (query.channels % heads !== 0) refuse(`heads that divide ${query.channels} channels`, String(heads))
  const wanted = sizeText(query)
  for (const other of [key, value]) if (sizeText(other) !== wanted) refuse(wanted, sizeText(other))
  return value
}

const sizeText = ({ height, width, channels }: ImageShape): string => `${height} x ${width} x ${channels}`

/**
 * The number of parts of a softmax, of one channel each if the layer has no number.
 *
 * @param refuse throws for a number of parts that does not divide the channels. @default none
 */
export const partsOf = ({ parts }: Pick<SoftmaxLayer, 'parts'>, channels: number, refuse?: Refuse): number => {
  const count = parts ?? channels
  if (refuse && (!Number.isInteger(count) || count < 1 || channels % count !== 0))
    refuse(`parts that divide ${channels} channels`, String(count))
  return count
}

/**
 * The numbers of a standardisation: the unbiased variance as a multiple of the mean square, and the least divisor.
 *
 * @param count of numbers; a single one has no deviation
 */
export const standardOf = (count: number): { readonly factor: number; readonly least: number } => ({
  factor: count / Math.max(1, count - 1),
  least: 1 / Math.sqrt(count),
})

/** The matrix, channels × size, that makes the mean of all parts of so many channels. */
export const partMeans = (channels: number, size: number): number[][] =>
  Array.from({ length: channels }, (_, c) =>
    Array.from({ length: size }, (_, k) => (c % size === k ? size / channels : 0)),
  )
