import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, rowMajor, type Tensor, tensorOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { type Arranged, type Arrangement, arranged } from './arranged.js'
import { draftOf } from './drafts.js'
import { type Moved, moved } from './moved.js'
import { isNumbers } from './numbers.js'

/**
 * An element-wise operator, which gives the same numbers in any order: it is read on the activations as their layer makes
 * them, and its result has the order of its inputs.
 */
export const anyOrder =
  (read: (node: NodeReader) => Value) =>
  (node: NodeReader): Value => {
    const before = orderOf(node)
    if (!before) return read(node)
    const inputs = Array.from({ length: node.count }, (_, i) => {
      const value = node.optional(i)
      if (!value) return undefined
      return (draftOf(value, 'arranged') ?? draftOf(value, 'moved'))?.source ?? placed(node, i, before)
    })
    const source = read(node.withInputs(inputs))
    return before.draft === 'moved' ? moved(node, { ...before, source }) : arranged(node, { ...before, source })
  }

/** The order of all inputs that are activations; undefined if it is that of their layers, or they differ. */
const orderOf = (node: NodeReader): Arranged | Moved | undefined => {
  const values = Array.from({ length: node.count }, (_, i) => node.optional(i)).filter((value) => value !== undefined)
  const [first, ...others] = values
    .filter((value) => !isNumbers(value))
    .map((value) => draftOf(value, 'arranged') ?? draftOf(value, 'moved'))
  return first && others.every((other) => other && isSame(node, first, other)) ? first : undefined
}

const isSame = (node: NodeReader, { draft, dims, positions }: Arranged | Moved, other: Arranged | Moved): boolean => {
  node.budget.work(positions.length, 'the order of its activations')
  return (
    draft === other.draft &&
    dims.join() === other.dims.join() &&
    positions.every((position, i) => position === other.positions[i])
  )
}

/** A constant that is broadcast over activations, in the order of their layer: one number, or one for each channel. */
const placed = (node: NodeReader, index: number, before: Arrangement): Value => {
  const value = node.value(index)
  const tensor = node.constant(index)
  if (countOf(tensor.dims) === 1) return value
  const count = countOf(tensor.dims)
  const axes = axesOf(tensor, before)
  const channels = axes && channelsAlong(node, before, axes)
  if (!channels)
    return node.refuse('one number, or one for each channel, along the axes of the channels', node.described(index))
  const numbers = floatsOf(tensor)
  const ordered = new Array<number>(count).fill(Number.NaN)
  for (const [i, channel] of channels.entries()) ordered[channel] = numbers[i] ?? Number.NaN
  return { kind: 'constant', tensor: tensorOf(tensor.name, 'F32', [count, 1, 1], ordered) }
}

/** The axes that a constant has numbers along, if these are all of them; undefined if it does not fit. */
const axesOf = ({ dims }: Tensor, before: Arrangement): readonly number[] | undefined => {
  const first = before.dims.length - dims.length
  const axes = dims.flatMap((extent, i) => (extent > 1 ? [first + i] : []))
  return axes.every((axis) => axis >= 0 && before.dims[axis] === dims[axis - first]) ? axes : undefined
}

/**
 * The channel at each place along some axes, row-major.
 *
 * @returns undefined unless every place is one whole channel of an image
 */
export const channelsAlong = (
  node: NodeReader,
  { shape, dims, positions, images }: Arrangement & Partial<Pick<Moved, 'images'>>,
  axes: readonly number[],
): readonly number[] | undefined => {
  const along = axes.map((axis) => dims[axis] ?? 0)
  const isBatch = images !== undefined && axes.includes(images.axis)
  if (shape.kind !== 'image' || countOf(along) !== shape.channels || isBatch) return undefined
  node.budget.work(positions.length * (1 + axes.length), 'the order of its activations')
  const [strides, steps] = [rowMajor(dims), rowMajor(along)]
  const placeOf = (i: number): number =>
    axes.reduce(
      (place, axis, k) => place + (steps[k] ?? 0) * (Math.floor(i / (strides[axis] ?? 1)) % (dims[axis] ?? 1)),
      0,
    )
  const found = new Array<number>(shape.channels).fill(-1)
  for (const [i, position] of positions.entries()) {
    const [place, channel] = [placeOf(i), Math.floor(position / (shape.height * shape.width))]
    if (found[place] === -1) found[place] = channel
    if (found[place] !== channel) return undefined
  }
  return new Set(found).size === shape.channels ? found : undefined
}
