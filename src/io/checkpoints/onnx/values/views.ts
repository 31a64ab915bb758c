import type { Dtype } from '../../tensors/dtype.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, doublesOf, permuted, reshapedTensor, shapeText, tensorOf } from '../graph/tensor.js'
import { dtypeOf, typeText } from '../graph/tensorReader.js'
import type { Value } from '../graph/value.js'
import { computed, knownIn } from './numbers.js'

// Operators that give the numbers of a constant, or computed numbers, another shape, order or type.

/** The shape of the first input; undefined if it depends on the image. */
export const fixedDims = (node: NodeReader): readonly number[] | undefined => {
  const value = node.value(0)
  if (value.kind === 'constant') return value.tensor.dims
  return value.kind === 'numbers' ? value.dims : undefined
}

/** The first input in another shape, of as many numbers. */
export const inShape = (node: NodeReader, dims: readonly number[]): Value => {
  const value = node.value(0)
  if (value.kind === 'numbers') return computed(node, value.dtype, value.values, dims)
  return { kind: 'constant', tensor: reshapedTensor(node.constant(0), dims, node.budget) }
}

/** An axis counted from the front. */
export const fromFront = (node: NodeReader, axis: number, rank: number): number =>
  Number.isInteger(axis) && axis >= -rank && axis < rank
    ? (axis + rank) % rank
    : node.refuse(`an axis of ${rank}`, `axis ${axis}`)

/** `Squeeze` of numbers. @param axes to drop. @default all of one entry */
export const squeezed = (node: NodeReader, dims: readonly number[], axes: readonly number[] | undefined): Value => {
  const dropped = new Set(
    axes
      ? axes.map((axis) => fromFront(node, axis, dims.length))
      : dims.flatMap((extent, i) => (extent === 1 ? [i] : [])),
  )
  const longer = [...dropped].find((axis) => dims[axis] !== 1)
  if (longer !== undefined) node.refuse('axes of one entry', `axis ${longer} of shape ${shapeText(dims)}`)
  return inShape(
    node,
    dims.filter((_, axis) => !dropped.has(axis)),
  )
}

/** `Unsqueeze` of numbers. @param axes of the result, of one entry each */
export const unsqueezed = (node: NodeReader, dims: readonly number[], axes: readonly number[]): Value =>
  inShape(node, withAxes(node, dims, axes))

/** Extents with more axes of one entry each. @param axes of the result */
export const withAxes = <T>(node: NodeReader, extents: readonly T[], axes: readonly number[]): readonly (T | 1)[] => {
  const rank = extents.length + axes.length
  const added = new Set(axes.map((axis) => fromFront(node, axis, rank)))
  if (added.size !== axes.length || rank > MOST_AXES)
    node.refuse('different axes', `axes ${axes.slice(0, 16).join(', ')}`)
  const rest = extents.values()
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)))
}

/** The most axes of a value. */
export const MOST_AXES = 8

/** `Reshape` of numbers. */
export const reshaped = (node: NodeReader, dims: readonly number[]): Value => {
  const count = countOf(dims)
  const wanted = knownIn(node, 1)
  const copies = node.integer('allowzero') === 0
  const extents = wanted.map((extent, axis) => (extent === 0 && copies ? (dims[axis] ?? Number.NaN) : extent))
  const known = countOf(extents.filter((extent) => extent !== -1))
  const full = extents.map((extent) => (extent === -1 ? count / known : extent))
  const fits = full.length <= MOST_AXES && full.every((extent) => Number.isSafeInteger(extent) && extent >= 0)
  if (!fits || extents.filter((extent) => extent === -1).length > 1 || countOf(full) !== count)
    node.refuse(`a shape for ${count} numbers`, shapeText(wanted.slice(0, 16)))
  return inShape(node, full)
}

/** `Transpose` of numbers. @param order of the axes. @default reversed */
export const transposed = (node: NodeReader, dims: readonly number[], order: readonly number[]): Value => {
  const value = node.value(0)
  if (value.kind !== 'numbers') return { kind: 'constant', tensor: permuted(node.constant(0), order) }
  const positions = value.values.map((_, i) => i)
  const moved = permuted(tensorOf('', 'I64', dims, positions), order)
  return computed(
    node,
    value.dtype,
    Array.from(doublesOf(moved), (position) => value.values[position] ?? 0),
    moved.dims,
  )
}

/** `Cast` of numbers, or of activations to float32. */
export const cast = (node: NodeReader): Value => {
  const value = node.value(0)
  const to = node.integer('to')
  const dtype = dtypeOf(to)
  const isFloat = dtype === 'F32' || dtype === 'F64'
  if (value.kind === 'numbers' && dtype && (isFloat || WHOLE.includes(dtype)))
    return computed(
      node,
      dtype,
      value.values.map((each) => (typeof each === 'number' ? converted(node, each, dtype) : each)),
      value.dims,
    )
  if (value.kind === 'constant' && isFloat) return { kind: 'constant', tensor: { ...value.tensor, dtype } }
  if (value.kind === 'constant' && dtype && WHOLE.includes(dtype)) {
    const numbers = knownIn(node, 0).map((each) => converted(node, each, dtype))
    return computed(node, dtype, numbers, value.tensor.dims)
  }
  if (dtype === 'F32') return value
  return node.refuse(
    `a cast to float${isFixed(value) ? `, double, int32, int64 or bool` : ''}`,
    `one to ${typeText(to)}`,
  )
}

const WHOLE: readonly Dtype[] = ['I64', 'I32', 'BOOL']

const isFixed = ({ kind }: Value): boolean => kind === 'numbers' || kind === 'constant'

const converted = (node: NodeReader, value: number, dtype: Dtype): number => {
  if (dtype === 'F32') return Math.fround(value)
  if (dtype === 'F64') return value
  if (dtype === 'BOOL') return value === 0 ? 0 : 1
  const most = dtype === 'I32' ? 2 ** 31 : 2 ** 63
  const whole = Math.trunc(value)
  return whole >= -most && whole <= most ? whole : node.refuse(`a number that ${dtype} can hold`, `${value}`)
}
