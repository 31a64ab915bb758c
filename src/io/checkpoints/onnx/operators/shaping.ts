import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, shapeText } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { arrangementIn, extentsIn, flattened, reordered, reshapedTo } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { movedIn, reshapeMoved, transposeMoved, unsqueezeMoved } from '../values/moved.js'
import { attributeOrInput, computed, numbersIn } from '../values/numbers.js'
import {
  fixedDims,
  fromFront,
  MOST_AXES,
  reshaped,
  squeezed,
  transposed,
  unsqueezed,
  withAxes,
} from '../values/views.js'

/** `Flatten` of all axes but the first. */
export const flatten = (node: NodeReader): Value => {
  const rank = extentsIn(node).length
  const axis = node.integer('axis')
  if (axis !== 1 && axis !== 1 - rank) node.refuse('one vector per image (axis 1)', `axis ${axis}`)
  return toVector(node)
}

/** `Reshape` of the numbers of each image. */
export const reshape = (node: NodeReader): Value => {
  const dims = fixedDims(node)
  if (dims) return reshaped(node, dims)
  const extents = extentsIn(node)
  const wanted = numbersIn(node, 1).values
  const copies = node.integer('allowzero') === 0
  const [first, ...others] = wanted.map((extent, axis) => (extent === 0 && copies ? extents[axis] : extent))
  const features = countOf(extents.slice(1).map(Number))
  // The number of images: as it is, what is left, or the number that the network was exported with.
  const isBatch = first === 'batch' || first === -1 || first === (node.batch ?? 1)
  const known = countOf(others.filter((extent) => extent !== -1).map(Number))
  const own = others.map((extent) => (extent === -1 && first !== -1 ? features / known : Number(extent)))
  const areExtents = own.length > 0 && own.length < MOST_AXES && own.every((each) => Number.isInteger(each) && each > 0)
  const isMoved = !isBatch || !areExtents || countOf(own) !== features
  const before = isMoved ? movedIn(node) : undefined
  if (before) return reshapeMoved(node, before)
  if (isMoved) node.refuse(`${features} numbers per image`, `shape ${shapeText(wanted.slice(0, 16))}`)
  return inExtents(node, own)
}

/** The numbers of each image with other extents. */
const inExtents = (node: NodeReader, dims: readonly number[]): Value => {
  const before = extentsIn(node).slice(1)
  if (shapeText(before) === shapeText(dims)) return node.value(0)
  return dims.length === 1 ? toVector(node) : reshapedTo(node, arrangementIn(node), dims)
}

/** `Squeeze` of axes of one entry, of activations or of numbers. */
export const squeeze = (node: NodeReader): Value => {
  const axes = attributeOrInput(node, 'axes', 1)
  const dims = fixedDims(node)
  if (dims) return squeezed(node, dims, axes)
  const extents = extentsIn(node)
  const dropped = (axes ?? []).map((axis) => fromFront(node, axis, extents.length))
  if (dropped.length === 0 || dropped.some((axis) => extents[axis] !== 1))
    node.refuse(
      'axes of one entry for each image',
      `axes ${axes ? axes.slice(0, 16).join(', ') : 'of one entry'} of ${shapeText(extents)}`,
    )
  return inExtents(node, extents.filter((_, axis) => axis > 0 && !dropped.includes(axis)).map(Number))
}

/** `Unsqueeze` of activations or of numbers. */
export const unsqueeze = (node: NodeReader): Value => {
  const axes = attributeOrInput(node, 'axes', 1) ?? node.refuse('axes', 'none')
  const dims = fixedDims(node)
  if (dims) return unsqueezed(node, dims, axes)
  const [batch, ...extents] = withAxes(node, extentsIn(node), axes)
  const before = batch === 'batch' ? undefined : movedIn(node)
  if (before) return unsqueezeMoved(node, before)
  return inExtents(node, extents.map(Number))
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
  const extents = fixedDims(node) ?? extentsIn(node)
  const end = node.has('end') ? node.integer('end') : extents.length
  return computed(node, 'I64', extents.slice(node.integer('start'), end))
}

/** `Transpose` of numbers, or of the activations of each image. */
export const transposeOf = (node: NodeReader): Value => {
  const fixed = fixedDims(node)
  const dims = fixed ?? extentsIn(node)
  const order = node.integers('perm') ?? dims.map((_, axis) => dims.length - 1 - axis)
  const sorted = order.toSorted((a, b) => a - b)
  if (order.length !== dims.length || sorted.some((axis, i) => axis !== i))
    node.refuse(`an order of ${dims.length} axes as attribute "perm"`, shapeText(order.slice(0, 16)))
  if (fixed) return transposed(node, fixed, order)
  const before = order[0] === 0 ? undefined : movedIn(node)
  if (before) return transposeMoved(node, before)
  if (order.every((axis, i) => axis === i)) return node.value(0)
  return reordered(
    node,
    arrangementIn(node),
    order.slice(1).map((axis) => axis - 1),
  )
}

/** The output as one vector for each image. */
const toVector = (node: NodeReader): Value => {
  const before = draftOf(node.value(0), 'arranged')
  if (before) return reshapedTo(node, before, [countOf(before.dims)])
  return activations(flattened(node, node.activations(0)))
}
