import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, rowMajor, shapeText, type Tensor } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'

// Networks in 8-bit integers, in QDQ form: their weights are read as the numbers that the integers stand for.

/** What a user of a file should know whose activations are rounded to integers. */
export const ROUNDED =
  'It computes activations in 8-bit integers. Here they are not rounded: the weights are those of the file, and logits ' +
  'differ from it by its rounding. Attacks have the gradients of the network without rounding.'

/** `QuantizeLinear` of activations in our own files, which have each layer beside it. */
export const quantizeLinear = (node: NodeReader): Value => {
  const value = node.value(0)
  if (value.kind === 'constant' || value.kind === 'numbers') return node.refuse('activations', node.described(0))
  // Other quantizers leave out a ReLU whose clipping at 0 the integers do: without them it would be another network.
  return node.isOurs
    ? value
    : node.refuse('activations in floating point, or a file that exportModel wrote', 'activations in integers')
}

/** `DequantizeLinear`: (x − zero point)·scale, with one of each or one for each entry of an axis. */
export const dequantizeLinear = (node: NodeReader): Value => {
  const value = node.value(0)
  if (value.kind !== 'constant') return node.isOurs ? value : node.refuse('integers of the file', node.described(0))
  const { tensor } = value
  const scale = node.constant(1)
  const zero = node.optional(2) ? node.constant(2) : undefined
  const axis = axisOf(node, tensor, scale)
  const each = axis === undefined ? 1 : (tensor.dims[axis] ?? 0)
  if (zero && countOf(zero.dims) !== each) node.refuse(`${each} zero points`, `${countOf(zero.dims)}`)
  const count = countOf(tensor.dims)
  node.budget.allocate(4 * count, 'numbers of integers')
  node.budget.work(count, 'numbers of integers')
  const scales = floatsOf(scale)
  const zeros = zero ? floatsOf(zero) : undefined
  const inner = axis === undefined ? count : countOf(tensor.dims.slice(axis + 1))
  const floats = floatsOf(tensor).map((integer, i) => {
    const at = Math.floor(i / inner) % each
    return Math.fround((integer - (zeros?.[at] ?? 0)) * (scales[at] ?? Number.NaN))
  })
  return {
    kind: 'constant',
    tensor: {
      // In our own files the node has the name of the weights.
      name: node.isOurs ? node.name : tensor.name.replace(/_(quantized|q)$/, ''),
      dims: tensor.dims,
      dtype: 'F32',
      strides: rowMajor(tensor.dims),
      at: (position) => floats[position] ?? Number.NaN,
    },
  }
}

/** The axis that has a scale for each entry; undefined for one scale. */
const axisOf = (node: NodeReader, { dims }: Tensor, scale: Tensor): number | undefined => {
  if (scale.dims.length === 0 || (countOf(scale.dims) === 1 && scale.dims.length === 1)) return undefined
  const given = node.integer('axis')
  const axis = given < 0 ? given + dims.length : given
  return scale.dims.length === 1 && scale.dims[0] === dims[axis]
    ? axis
    : node.refuse(`one scale, or one for each entry of axis ${axis} of shape ${shapeText(dims)}`, shapeText(scale.dims))
}
