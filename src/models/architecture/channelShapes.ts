import { integerBounds, integerTypes } from '../layers/fakeQuantize.js'
import type { FakeQuantizeLayer } from '../layers/layer.js'
import type { PoolChannelsLayer } from '../layers/tokenLayers.js'
import { partsOf } from './mixedChannels.js'
import { ZEROS } from './selection.js'
import { isListed, isSpreadOver, type Shape } from './spread.js'

// The shapes of layers that join, select, weigh or pool channels.

/** Refuses what a layer can't take. */
export type Refuse = (expected: string, actual: string) => never

/** The shape of numbers that are rounded, by one grid or by one for each channel. */
export const rounded = ({ scale, zeroPoint, integers }: FakeQuantizeLayer, input: Shape, refuse: Refuse): Shape => {
  if (!integerTypes.includes(integers)) refuse(`integers among ${integerTypes.join(', ')}`, String(integers))
  const { least, most } = integerBounds[integers]
  const channels = channelsIn(input)
  const isEach = isListed(input) && scale.length === channels
  if (scale.length !== 1 && !isEach)
    refuse(isListed(input) ? `one scale, or one for each of ${channels} channels` : 'one scale', `${scale.length}`)
  if (zeroPoint.length !== scale.length) refuse('as many zero points as scales', `${zeroPoint.length}`)
  const wrong = scale.find((value) => !(Math.fround(value) > 0 && Math.fround(value) < Infinity))
  if (wrong !== undefined) refuse('finite scales > 0', String(wrong))
  const beyond = zeroPoint.find((value) => !Number.isInteger(value) || value < least || value > most)
  if (beyond !== undefined) refuse(`zero points from ${least} to ${most}`, String(beyond))
  return input
}

/** The shape of inputs one after the other. */
export const joined = (inputs: readonly Shape[], refuse: Refuse): Shape => {
  const [first] = inputs
  if (!first || inputs.length < 2) return refuse('at least two inputs', `${inputs.length}`)
  if (first.kind === 'vector') {
    const other = inputs.find((each) => each.kind === 'image' || !isListed(each))
    if (other)
      refuse('vectors that are not flattened images', other.kind === 'image' ? shapeWords(other) : 'a flattened image')
    return { kind: 'vector', features: inputs.reduce((sum, each) => sum + channelsIn(each), 0) }
  }
  const { height, width } = first
  for (const other of inputs)
    if (other.kind !== 'image' || other.height !== height || other.width !== width)
      refuse(`images of ${height} x ${width}`, shapeWords(other))
  return { kind: 'image', height, width, channels: inputs.reduce((sum, each) => sum + channelsIn(each), 0) }
}

/** Channels of an image, or features of a vector. */
export const channelsIn = (shape: Shape): number => (shape.kind === 'image' ? shape.channels : shape.features)

/** The shape of some channels, and of channels of zeros. */
export const selected = (channels: readonly number[], input: Shape, refuse: Refuse): Shape => {
  if (!isListed(input)) refuse('an image, or a vector that is not one', 'a flattened image')
  const known = channels.filter((channel) => channel !== ZEROS)
  const most = channelsIn(input) - 1
  const wrong = known.find((channel) => !Number.isInteger(channel) || channel < 0 || channel > most)
  if (wrong !== undefined) refuse(`channels from 0 to ${most}, or ${ZEROS} for zeros`, String(wrong))
  if (known.length === 0) refuse('at least one channel', 'none')
  if (new Set(known).size < known.length) refuse('each channel once', 'one of them twice')
  return input.kind === 'image'
    ? { ...input, channels: channels.length }
    : { kind: 'vector', features: channels.length }
}

/** The shape with the channels of one of several parts. */
export const pooledChannels = (layer: PoolChannelsLayer, input: Shape, refuse: Refuse): Shape => {
  if (!isListed(input)) refuse('an image, or a vector that is not one', 'a flattened image')
  const channels = channelsIn(input) / partsOf(layer, channelsIn(input), refuse)
  return input.kind === 'image' ? { ...input, channels } : { kind: 'vector', features: channels }
}

/** A shape in words. */
export const shapeWords = (shape: Shape | undefined): string =>
  !shape
    ? 'nothing'
    : shape.kind === 'image'
      ? `${shape.height} x ${shape.width} x ${shape.channels}`
      : `a vector of ${shape.features}`

/** The shape of a product: that of both inputs, or of the image of which one has a number for each channel or pixel. */
export const product = (inputs: readonly Shape[], refuse: Refuse): Shape => {
  const [first, second] = inputs
  if (!first || !second || inputs.length > 2) return refuse('two inputs', `${inputs.length}`)
  if (shapeWords(first) === shapeWords(second)) return first
  if (isSpreadOver(second, first)) return first
  if (isSpreadOver(first, second)) return second
  return refuse(`${shapeWords(first)}, or one number for each channel or for each pixel`, shapeWords(second))
}
