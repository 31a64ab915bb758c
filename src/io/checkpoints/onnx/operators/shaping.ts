import type { NodeShape } from '../../../../models/architecture/shapes.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import type { Extent } from '../graph/numbers.js'
import { shapeText } from '../graph/tensor.js'
import { activations } from './drafts.js'
import { attributeOrInput, computed, numbersIn } from './numbers.js'
import { fixedDims, fromFront, reshaped, squeezed, transposed, unsqueezed } from './views.js'

/** `Flatten` of all axes but the first. */
export const flatten = (node: NodeReader): Value => {
  const rank = extentsOf(node.activations(0).shape).length
  const axis = node.integer('axis')
  if (axis !== 1 && axis !== 1 - rank) node.refuse('one vector per image (axis 1)', `axis ${axis}`)
  return toVector(node)
}

/** `Reshape` to one vector per image. */
export const reshape = (node: NodeReader): Value => {
  const dims = fixedDims(node)
  if (dims) return reshaped(node, dims)
  const extents = extentsOf(node.activations(0).shape)
  const wanted = numbersIn(node, 1).values
  const copies = node.integer('allowzero') === 0
  const [first, second, ...others] = wanted.map((extent, axis) => (extent === 0 && copies ? extents[axis] : extent))
  const features = extents.slice(1).reduce<number>((product, extent) => product * Number(extent), 1)
  // The number of images: as it is, what is left, or the number that the network was exported with.
  const isBatch = first === 'batch' || first === -1 || first === (node.batch ?? 1)
  const fits = isBatch && others.length === 0 && (second === features || (second === -1 && first !== -1))
  if (!fits) node.refuse(`one vector of ${features} numbers per image`, `shape ${shapeText(wanted.slice(0, 16))}`)
  return toVector(node)
}

/** `Squeeze` of an image of one pixel, or of numbers. */
export const squeeze = (node: NodeReader): Value => {
  const axes = attributeOrInput(node, 'axes', 1)
  const dims = fixedDims(node)
  if (dims) return squeezed(node, dims, axes)
  const { shape } = node.activations(0)
  const onePixel = shape.kind === 'image' && shape.height === 1 && shape.width === 1
  if (!onePixel || !axes || !areSpatial(node, axes))
    node.refuse(
      'an image of one pixel without its axes 2 and 3',
      `axes ${axes ? axes.slice(0, 16).join(', ') : 'of one entry'} of ${shapeText(extentsOf(shape))}`,
    )
  return toVector(node)
}

/** `Unsqueeze` of numbers. */
export const unsqueeze = (node: NodeReader): Value => {
  const axes = attributeOrInput(node, 'axes', 1) ?? node.refuse('axes', 'none')
  const dims = fixedDims(node) ?? node.refuse('numbers that get another axis', node.described(0))
  return unsqueezed(node, dims, axes)
}

/** Whether axes of images are the two of its rows and columns. */
export const areSpatial = (node: NodeReader, axes: readonly number[]): boolean =>
  axes.length === 2 &&
  axes
    .map((axis) => fromFront(node, axis, 4))
    .toSorted((a, b) => a - b)
    .join() === '2,3'

/** `Shape` of activations or of a constant. */
export const shapeOf = (node: NodeReader): Value => {
  const extents = fixedDims(node) ?? extentsOf(node.activations(0).shape)
  const end = node.has('end') ? node.integer('end') : extents.length
  return computed(node, 'I64', extents.slice(node.integer('start'), end))
}

/** `Transpose` of numbers. Activations keep their order. */
export const transposeOf = (node: NodeReader): Value => {
  const dims = fixedDims(node) ?? extentsOf(node.activations(0).shape)
  const order = node.integers('perm') ?? dims.map((_, axis) => dims.length - 1 - axis)
  const sorted = order.toSorted((a, b) => a - b)
  if (order.length !== dims.length || sorted.some((axis, i) => axis !== i))
    node.refuse(`an order of ${dims.length} axes as attribute "perm"`, shapeText(order.slice(0, 16)))
  const fixed = fixedDims(node)
  if (fixed) return transposed(node, fixed, order)
  if (order.some((axis, i) => axis !== i))
    node.refuse(
      'activations whose axes keep their order, or a constant',
      `${node.described(0)}, by ${shapeText(order)}`,
    )
  return node.value(0)
}

/** The output as one vector for each image. */
export const toVector = (node: NodeReader): Value => {
  const input = node.activations(0)
  // One vector per image is left as it is.
  if (input.shape.kind === 'vector') return activations(input)
  return activations(node.builder.add({ type: 'flatten' }, [input], node.originOf('flatten')))
}

const extentsOf = (shape: NodeShape): readonly Extent[] =>
  shape.kind === 'image' ? ['batch', shape.channels, shape.height, shape.width] : ['batch', shape.features]
