import type { NodeShape } from '../../../../models/architecture/shapes.js'
import { littleEndian } from '../../tensors/dtype.js'
import { dataTypes } from '../graph/messages.js'
import type { Extent, NodeReader, Value } from '../graph/nodeReader.js'
import { floatsOf, transpose } from '../graph/numbers.js'
import { activations } from './drafts.js'
import { areNumbers, attributeOrInput, integers, integersOf, reshaped, transposed } from './integers.js'

/** `Flatten` of all axes but the first. */
export const flatten = (node: NodeReader): Value => {
  const axis = node.integer('axis', 1)
  const { shape } = node.activations(0)
  if (axis !== 1 && axis !== 1 - extentsOf(shape).length) node.refuse('one vector per image', `axis ${axis}`)
  return toVector(node)
}

/** `Reshape` to one vector per image. */
export const reshape = (node: NodeReader): Value => {
  if (areNumbers(node)) return reshaped(node)
  const { shape } = node.activations(0)
  const [first, second, ...others] = integersOf(node, 1).values
  const features = extentsOf(shape).reduce<number>((product, extent) => product * (extent === 'batch' ? 1 : extent), 1)
  const fits = others.length === 0 && (second === features || (second === -1 && first !== -1))
  if (!fits) node.refuse('one vector per image', `shape [${[first, second, ...others].join(', ')}]`)
  return toVector(node)
}

/** `Squeeze` of an image of one pixel, or of a list of one number. */
export const squeeze = (node: NodeReader): Value => {
  const value = node.value(0)
  if (value.kind === 'integers') return integers(value.values, value.values.length === 1 ? [] : value.dims)
  const axes = attributeOrInput(node, 'axes', 1) ?? []
  const { shape } = node.activations(0)
  const onePixel = shape.kind === 'image' && shape.height === 1 && shape.width === 1
  const spatial = axes.map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted((a, b) => a - b)
  if (!onePixel || spatial.join() !== '2,3')
    node.refuse('an image of one pixel without its axes 2 and 3', `axes ${axes.join(', ')}`)
  return toVector(node)
}

/** `Shape` of activations or of a constant. */
export const shapeOf = (node: NodeReader): Value => {
  const value = node.value(0)
  if (value.kind === 'constant') return integers(value.tensor.dims)
  if (value.kind === 'integers') return integers(value.dims)
  const extents = extentsOf(node.activations(0).shape)
  return integers(extents.slice(node.integer('start', 0), node.integer('end', extents.length)))
}

/** `Transpose` of a constant matrix, of weights or of numbers. */
export const transposeOf = (node: NodeReader): Value => {
  const value = node.value(0)
  if (value.kind === 'integers') return transposed(node)
  const tensor = node.constant(0)
  const [rows = 0, columns = 0] = tensor.dims
  if (tensor.dims.length !== 2) node.refuse('a matrix', `a tensor of shape [${tensor.dims.join(', ')}]`)
  const rawData = littleEndian(transpose(floatsOf(tensor), rows, columns))
  return { kind: 'constant', tensor: { ...tensor, dims: [columns, rows], dataType: dataTypes.float, rawData } }
}

const toVector = (node: NodeReader): Value => {
  const input = node.activations(0)
  // One vector per image is left as it is.
  if (input.shape.kind === 'vector') return activations(input)
  return activations(node.builder.add({ type: 'flatten' }, [input], node.originOf('flatten')))
}

const extentsOf = (shape: NodeShape): readonly Extent[] =>
  shape.kind === 'image' ? ['batch', shape.channels, shape.height, shape.width] : ['batch', shape.features]
