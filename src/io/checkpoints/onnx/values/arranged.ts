import type { NodeShape } from '../../../../models/architecture/shapes.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Extent } from '../graph/numbers.js'
import { countOf, doublesOf, permuted, shapeText, tensorOf } from '../graph/tensor.js'
import type { Draft, Value } from '../graph/value.js'
import { activations, draftOf, once } from './drafts.js'
import { imagesOf } from './imagesOf.js'
import { selection } from './selection.js'

// Activations in another order or shape than layers here make them: channels last, as TensorFlow has them, or the list of
// pixels of an image. Operators that only move numbers change the places; a layer that can read that order ends it.

/** What `arranged` needs of a node, or of the graph's input. */
export type Arranger = Pick<NodeReader, 'builder' | 'budget' | 'refuse' | 'originOf'> &
  Partial<Pick<NodeReader, 'isOurs' | 'operator'>>

/** Activations in another order or shape. */
export type Arranged = Extract<Draft, { readonly draft: 'arranged' }>

/** The same before it is a value. */
export type Arrangement = Pick<Arranged, 'source' | 'shape' | 'dims' | 'positions'>

/** The extents of one image's activations in the order of ONNX: channels x height x width, or one list. */
export const dimsOf = (shape: NodeShape): readonly number[] =>
  shape.kind === 'image' ? [shape.channels, shape.height, shape.width] : [shape.features]

/** The extents of an input, of which the first is the number of images. */
export const extentsIn = (node: NodeReader, index = 0): readonly Extent[] => {
  const before = draftOf(node.value(index), 'arranged')
  return ['batch', ...(before?.dims ?? dimsOf(node.activations(index).shape))]
}

/** An input as an arrangement: that of its layer, if no operator moved its numbers. */
export const arrangementIn = (node: NodeReader, index = 0): Arrangement => {
  const before = draftOf(node.value(index), 'arranged')
  if (before) return before
  const output = node.activations(index)
  // Files flatten images, and make images of them again.
  const images = node.isOurs ? undefined : node.builder.imagesBefore(output)
  return images
    ? { source: activations(images), ...inOrder(node, images.shape), dims: dimsOf(output.shape) }
    : { source: activations(output), ...inOrder(node, output.shape) }
}

/** Every number of some activations in its own place. */
export const inOrder = ({ budget }: Arranger, shape: NodeShape): Omit<Arrangement, 'source'> => {
  const dims = dimsOf(shape)
  spend({ budget }, countOf(dims))
  return { shape, dims, positions: Float64Array.from({ length: countOf(dims) }, (_, i) => i) }
}

/** Counts the places of some numbers. */
const spend = ({ budget }: Pick<Arranger, 'budget'>, count: number): void => {
  budget.allocate(Float64Array.BYTES_PER_ELEMENT * count, 'the order of its activations')
  budget.work(STEPS * count, 'the order of its activations')
}

/** What a number's place costs to move and to compare, in steps of the budget. */
const STEPS = 4

/** An arrangement with other extents, of as many numbers in the same order. */
export const reshapedTo = (node: Arranger, before: Arrangement, dims: readonly number[]): Value =>
  arranged(node, (areTokens(node, before, dims) ? tokensOf(node, before, dims) : undefined) ?? { ...before, dims })

/** Whether a vector becomes a list of tokens. In our own files an image is made of it later. */
const areTokens = ({ isOurs }: Arranger, { shape }: Arrangement, dims: readonly number[]): boolean =>
  isOurs !== true && shape.kind === 'vector' && dims.length === 2 && dims.every((extent) => extent > 1)

/** A vector as a column of tokens, of which each is a pixel. */
const tokensOf = (node: Arranger, before: Arrangement, [tokens = 1, channels = 1]: readonly number[]) => {
  const positions = tokenPlaces(tokens, channels)
  const turned = Float64Array.from(tokenPlaces(channels, tokens), (place) => before.positions[place] ?? Number.NaN)
  const image = imagesOf(node, settled(node, before.source), [channels, tokens, 1], turned)
  if (!image) return undefined
  return { source: activations(image), shape: image.shape, dims: [tokens, channels], positions }
}

/** For each number of a list of tokens its place in their image, which is channel by channel. */
const tokenPlaces = (tokens: number, channels: number): Float64Array =>
  Float64Array.from({ length: tokens * channels }, (_, i) => (i % channels) * tokens + Math.floor(i / channels))

/** An arrangement with its axes in another order. @param order of the axes of one image, from 0 */
export const reordered = (node: Arranger, before: Arrangement, order: readonly number[]): Value => {
  const { dims, positions } = before
  spend(node, positions.length)
  const moved = permuted(tensorOf('', 'F64', dims, positions), order)
  return arranged(node, { ...before, dims: moved.dims, positions: doublesOf(moved) })
}

/**
 * Which of channels, rows and columns each axis is, from 0.
 *
 * @returns undefined if the axes are none of these, or if it may be read in two ways
 */
export const axesOf = (node: Arranger, { shape, dims, positions }: Arrangement): readonly number[] | undefined => {
  if (shape.kind !== 'image') return undefined
  const { positions: places, dims: own } = inOrder(node, shape)
  const found = ORDERS.filter((order) => {
    if (shapeText(order.map((axis) => own[axis])) !== shapeText(dims)) return false
    spend(node, positions.length)
    const moved = doublesOf(permuted(tensorOf('', 'F64', own, places), order))
    return moved.every((position, i) => position === positions[i])
  })
  return found.length === 1 ? found[0] : undefined
}

const ORDERS: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]

/** The images of a network as a file lists them. @param dims in the file. @param order of channels, rows and columns */
export const arrangedInput = (
  place: Arranger,
  { dims, order }: { readonly dims: readonly number[]; readonly order: readonly number[] },
): Value => {
  const { input } = place.builder
  const source = activations(input)
  const isPlain = order.every((axis, i) => axis === i)
  if (isPlain && shapeText(dims) === shapeText(dimsOf(input.shape))) return source
  const before = { source, ...inOrder(place, input.shape) }
  if (!isPlain) return reordered(place, before, order)
  if (dims.length > 1) return reshapedTo(place, before, dims)
  // The file may make images of a list.
  const flat = once(() => flattened(place, input))
  return { kind: 'draft', draft: 'arranged', ...before, dims, flat, settle: flat }
}

/** The value for an arrangement: the activations themselves, if each number is in its place. */
export const arranged = (node: Arranger, arrangement: Arrangement): Value => {
  const { source, shape, dims, positions } = arrangement
  node.budget.work(positions.length, 'the order of its activations')
  const flat = once(() => flattened(node, settled(node, source)))
  if (positions.every((position, i) => position === i)) {
    if (shapeText(dims) === shapeText(dimsOf(shape))) return source
    if (dims.length === 1) return activations(flat())
  }
  const channels = channelOrder(arrangement)
  if (channels) {
    node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * channels.length, 'the order of its channels')
    return selection(node, { source: settled(node, source), channels })
  }
  // In our own files it is the end of a layer.
  if (node.isOurs && node.operator === 'Reshape' && shape.kind === 'vector' && dims.length === 3) {
    const images = imagesOf(node, settled(node, source), dims, positions)
    if (images) return activations(images)
  }
  const settle = once(() => {
    const source =
      shape.kind === 'vector' ? imagesOf(node, settled(node, arrangement.source), dims, positions) : undefined
    return source ?? unread()
  })
  const unread = (): never =>
    node.refuse(
      `activations that are read as batch x ${dimsOf(shape).join(' x ')}, or as one list by a linear layer`,
      `another order of them, of shape ${shapeText(['batch', ...dims])}, before a layer that cannot read it`,
    )
  return { kind: 'draft', draft: 'arranged', ...arrangement, flat, settle }
}

/** The order of an image's channels if each is in its own rows and columns; undefined if they are not. */
const channelOrder = ({ shape, dims, positions }: Arrangement): readonly number[] | undefined => {
  if (shape.kind !== 'image' || shapeText(dims) !== shapeText(dimsOf(shape))) return undefined
  const pixels = shape.height * shape.width
  const isOwn = positions.every(
    (position, i) => position % pixels === i % pixels && position - (i % pixels) === positions[i - (i % pixels)],
  )
  return isOwn ? Array.from({ length: shape.channels }, (_, c) => (positions[c * pixels] ?? 0) / pixels) : undefined
}

/** One vector for each image. */
export const flattened = (node: Arranger, input: Activations): Activations => {
  // One vector per image is left as it is.
  if (input.shape.kind === 'vector') return input
  // In our own files a `Reshape` is one whose order counts.
  const order = node.isOurs && node.operator === 'Reshape' ? ({ order: 'channels' } as const) : {}
  return node.builder.add({ type: 'flatten', ...order }, [input], node.originOf('flatten'))
}

const settled = (node: Arranger, value: Value): Activations => {
  if (value.kind === 'activations') return value.activations
  return value.kind === 'draft' ? value.settle() : node.refuse('the output of a layer', `a value of kind ${value.kind}`)
}
