import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor } from '../graph/tensors.js'
import type { Value } from '../graph/value.js'
import { channelsAlong } from '../values/anyOrder.js'
import { arranged } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { isNumbers, numbersIn } from '../values/numbers.js'
import { fromFront } from '../values/views.js'

/** `Concat` of a learned token and those of an image. */
export const classTokenStep = (node: NodeReader): Value | undefined => {
  const before = node.count === 2 ? draftOf(node.value(1), 'arranged') : undefined
  if (!before || !isNumbers(node.value(0)) || before.shape.kind !== 'image') return undefined
  const { raw: _, ...given } = node.constant(0)
  // Exporters repeat the token for each image of a fixed number.
  const [images = 1, ...others] = given.dims
  const isRepeated = images === node.batch && areEqual(node, given, images)
  const token = isRepeated ? { ...given, dims: [1, ...others] } : given
  const { shape, dims, positions } = before
  const tokens = shape.height * shape.width
  const { channels: count } = shape
  const channels = dims.length === 2 ? channelsAlong(node, before, [1]) : undefined
  const inOrder = positions.every((position, i) => position % tokens === Math.floor(i / count))
  if (
    !channels ||
    !inOrder ||
    fromFront(node, node.integer('axis'), 3) !== 1 ||
    shapeText(token.dims) !== shapeText([1, 1, count])
  )
    return node.refuse(
      `a token of shape [1, 1, ${count}] before those of an image, row by row`,
      `${node.described(0)}, along axis ${node.integer('axis')}`,
    )
  const source = node.withInputs([before.source]).activations(0)
  const name = nameOf(node, token)
  const output = node.builder.add({ type: 'classToken', name }, [source], node.origin(name), {
    '': lazyTensor([1, 1, count], () => {
      const own = new Float32Array(count)
      for (const [i, value] of floatsOf(token).entries()) own[channels[i] ?? 0] = value
      return own
    }),
  })
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * (tokens + 1) * count, 'the order of its activations')
  return arranged(node, {
    source: activations(output),
    shape: output.shape,
    dims: [tokens + 1, count],
    positions: Float64Array.from({ length: (tokens + 1) * count }, (_, i) => {
      return (channels[i % count] ?? 0) * (tokens + 1) + Math.floor(i / count)
    }),
  })
}

/** Whether the parts of a constant along its first axis are all the same. */
const areEqual = (node: NodeReader, tensor: Tensor, parts: number): boolean => {
  const count = countOf(tensor.dims)
  node.budget.allocate(Float32Array.BYTES_PER_ELEMENT * count, 'numbers that are compared')
  node.budget.work(2 * count, 'numbers that are compared')
  return floatsOf(tensor).every((value, i, all) => value === all[i % (count / parts)])
}

/** `Add` of a learned number for each pixel and channel. */
export const positionStep = (node: NodeReader): Value | undefined => {
  if (node.count !== 2) return undefined
  const at = isNumbers(node.value(1)) ? 1 : 0
  const before = draftOf(node.value(1 - at), 'arranged')
  if (!before || !isNumbers(node.value(at)) || before.shape.kind !== 'image') return undefined
  const { dims } = node.constant(at)
  const { shape, positions } = before
  const tokens = shape.height * shape.width
  const { channels } = shape
  if (tokens === 1 || shapeText(trimmed(dims)) !== shapeText(trimmed(before.dims))) return undefined
  const numbers = node.constant(at)
  const source = node.withInputs([before.source]).activations(0)
  const name = nameOf(node, numbers)
  const output = node.builder.add({ type: 'positionEmbedding', name }, [source], node.origin(name), {
    '': lazyTensor([1, tokens, channels], () => {
      const own = new Float32Array(countOf(dims))
      for (const [i, value] of floatsOf(numbers).entries()) {
        const position = positions[i] ?? 0
        own[(position % tokens) * channels + Math.floor(position / tokens)] = value
      }
      return own
    }),
  })
  return arranged(node, { ...before, source: activations(output) })
}

/** A shape without axes of one entry at its begin. */
const trimmed = (dims: readonly number[]): readonly number[] => dims.slice(dims.findIndex((extent) => extent !== 1))

const nameOf = (node: NodeReader, { name }: Tensor): string => node.wholeName(name)

/** `Expand` of numbers, or of moved ones, to the number of images and otherwise to the shape that they have. */
export const expandNumbers = (node: NodeReader): Value | undefined => {
  const value = node.value(0)
  const before = draftOf(value, 'moved')
  if (!before && !isNumbers(value)) return undefined
  const dims = before?.dims ?? node.constant(0).dims
  const wanted = numbersIn(node, 1).values
  const own = [...new Array<number>(Math.max(0, wanted.length - dims.length)).fill(1), ...dims]
  const isSame = wanted.every(
    (extent, axis) =>
      extent === 1 ||
      extent === -1 ||
      extent === own[own.length - wanted.length + axis] ||
      ((extent === 'batch' || (extent === node.batch && axis === 0)) && own[axis] === 1),
  )
  const constant = isSame || before ? undefined : expandedTensor(node)
  if (constant) return constant
  if (!isSame) node.refuse('the shape of its input, for each image', shapeText(wanted.slice(0, 16)))
  return value
}

/** A constant repeated to another shape; undefined for one that it cannot be broadcast to. */
const expandedTensor = (node: NodeReader): Value | undefined => {
  const { raw: _, ...tensor } = node.constant(0)
  const wanted = numbersIn(node, 1).values
  const known = wanted.filter((extent) => typeof extent === 'number')
  if (known.length !== wanted.length || known.length < tensor.dims.length) return undefined
  const missing = known.length - tensor.dims.length
  const dims = known.map((extent, axis) => (extent === 1 ? (tensor.dims[axis - missing] ?? 1) : extent))
  const fits = tensor.dims.every((extent, axis) => extent === 1 || extent === dims[axis + missing])
  if (!fits || dims.some((extent) => !Number.isSafeInteger(extent) || extent < 1)) return undefined
  node.budget.allocate(4 * countOf(dims), 'repeated numbers')
  const strides = dims.map((_, axis) => (tensor.dims[axis - missing] === 1 ? 0 : (tensor.strides[axis - missing] ?? 0)))
  return { kind: 'constant', tensor: { ...tensor, dims, strides } }
}
