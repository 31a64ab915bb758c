import type { ImageShape } from '../../../dsl/dataset.js'
import { quoted, refuse } from '../../files/refusal.js'
import { dataTypes, type OnnxGraph } from './graph/messages.js'
import type { NetworkBuilder } from './graph/networkBuilder.js'
import type { Reading } from './graph/reading.js'
import { shapeText } from './graph/tensor.js'
import { typeText } from './graph/tensorReader.js'
import type { Value } from './graph/value.js'
import { arrangedInput } from './values/arranged.js'

/** The images of a graph. */
export interface GraphInput {
  readonly name: string
  readonly image: ImageShape
  /** The number of images, if the file fixes it. */
  readonly batch: number | undefined
  /** The images in the order in which the file's nodes read them. */
  readonly valueIn: (builder: NetworkBuilder) => Value
  readonly warnings: readonly string[]
}

/** How a file lists the numbers of an image. */
interface Layout {
  readonly image: ImageShape
  /** The order of the axes among channels, rows and columns. */
  readonly order: readonly number[]
  /** What was assumed. */
  readonly warnings?: readonly string[]
}

/**
 * The only input of a graph: images, channels first or last, or lists of their pixels.
 *
 * @throws Refusal for several inputs, another type, and a shape that does not say which images they are
 */
export const inputOf = (graph: OnnxGraph, named: Reading['named']): GraphInput => {
  const known = new Set(graph.initializer.map(({ name }) => name))
  const given = graph.input.filter(({ name }) => !known.has(name))
  const [first] = given
  if (!first || given.length > 1)
    return refuse('one input, the images', given.map(({ name }) => quoted(name)).join(', ') || 'no inputs')
  const { name } = first
  const { elemType, shape } = first.type?.tensorType ?? { elemType: 0, shape: null }
  const [batch, ...extents] = (shape?.dim ?? []).map((extent) => ('dimValue' in extent ? extent.dimValue : 0))
  if (elemType !== dataTypes.float) refuse(`input ${quoted(name)} of float32`, typeText(elemType))
  const isFixed = extents.length > 0 && extents.every((extent) => extent > 0)
  const layout = isFixed ? layoutOf(graph, name, extents, named) : undefined
  if (!layout)
    return refuse(
      `input ${quoted(name)} of shape batch x channels x height x width, batch x height x width x channels, or batch x ` +
        'the pixels of a square image of 1 or 3 channels, all but the batch fixed',
      shapeText((shape?.dim ?? []).map((extent) => ('dimValue' in extent ? extent.dimValue : '?'))),
    )
  const { image, order, warnings = [] } = layout
  const valueIn = (builder: NetworkBuilder): Value =>
    arrangedInput(
      {
        builder,
        budget: builder.budget,
        originOf: (type) => ({ id: type, order: -1 }),
        refuse: (expected, actual) => refuse(`${expected} in input ${quoted(name)}`, actual),
      },
      { dims: extents, order },
    )
  return { name, image, batch: batch || undefined, valueIn, warnings }
}

const layoutOf = (
  graph: OnnxGraph,
  name: string,
  extents: readonly number[],
  named: Reading['named'],
): Layout | undefined => {
  // Our own files have channels first.
  if (named === 'layer') return plain(extents)
  if (isTurned(graph, name) && extents.length === 3) return turned(extents)
  return listIn(name, extents) ?? picturesIn(name, extents) ?? plain(extents)
}

const CHANNELS_FIRST = [0, 1, 2]
const CHANNELS_LAST = [1, 2, 0]

const plain = ([channels = 0, height = 0, width = 0, ...others]: readonly number[]): Layout | undefined =>
  width > 0 && others.length === 0 ? { image: { channels, height, width }, order: CHANNELS_FIRST } : undefined

const turned = ([height = 0, width = 0, channels = 0]: readonly number[]): Layout => ({
  image: { channels, height, width },
  order: CHANNELS_LAST,
})

/** Whether a node moves the last axis of the images to the place of the channels. */
const isTurned = ({ node }: OnnxGraph, name: string): boolean =>
  node.some(
    ({ opType, input, attribute }) =>
      opType === 'Transpose' &&
      input[0] === name &&
      attribute.some((each) => each.name === 'perm' && each.ints.join() === '0,3,1,2'),
  )

/** Square pictures whose last axis has one entry or three, as channels have. */
const picturesIn = (name: string, extents: readonly number[]): Layout | undefined => {
  const [first = 0, second = 0, third = 0, ...others] = extents
  const isColours = (extent: number): boolean => extent === 1 || extent === 3
  if (others.length > 0 || first !== second || !isColours(third) || isColours(first)) return undefined
  const assumed = `The input ${quoted(name)} is read as height x width x channels, ${extents.join(' x ')}.`
  return { ...turned(extents), warnings: [assumed] }
}

/** Lists of pixels: of square images in one colour, or in three. */
const listIn = (name: string, extents: readonly number[]): Layout | undefined => {
  const [count = 0, ...others] = extents.filter((extent) => extent !== 1)
  // Images of one row are read as they are.
  if (others.length > 0 || extents.length > 3 || (extents.length === 3 && extents[1] !== count)) return undefined
  for (const channels of [1, 3]) {
    const size = Math.sqrt(count / channels)
    if (!Number.isInteger(size) || size < 2) continue
    const order = channels === 1 ? 'row by row' : 'channel by channel, each row by row'
    const assumed =
      `The input ${quoted(name)} is a list of ${count} numbers: it is read as images of ${size} x ${size} pixels and ` +
      `${channels === 1 ? '1 channel' : `${channels} channels`}, ${order}.`
    return { image: { channels, height: size, width: size }, order: CHANNELS_FIRST, warnings: [assumed] }
  }
  return undefined
}
