import type { NodeReader } from '../graph/nodeReader.js'
import type { Extent } from '../graph/numbers.js'
import { countOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { broadcast, spread } from './broadcasting.js'
import { areNumbers, combined, computed, isNumbers, numbersIn } from './numbers.js'

// Operators by which exporters compute shapes.

const onlyNumbers = (node: NodeReader): void => {
  if (!areNumbers(node)) node.refuse('numbers of a shape', node.described(0))
}

/** `Equal` of numbers. The number of images, which is not known, equals itself alone. */
export const equal = (node: NodeReader): Value => {
  onlyNumbers(node)
  const [left, right] = [numbersIn(node, 0), numbersIn(node, 1)]
  const dims = broadcast(node, left.dims, right.dims)
  const [a, b] = [spread(left.dims, dims), spread(right.dims, dims)]
  const values = Array.from({ length: countOf(dims) }, (_, i) =>
    left.values[a[i] ?? 0] === right.values[b[i] ?? 0] ? 1 : 0,
  )
  return computed(node, 'BOOL', values, dims)
}

/** `Where` of numbers. */
export const where = (node: NodeReader): Value => {
  onlyNumbers(node)
  const [condition, yes, no] = [numbersIn(node, 0), numbersIn(node, 1), numbersIn(node, 2)]
  const dims = broadcast(node, broadcast(node, condition.dims, yes.dims), no.dims)
  const [c, a, b] = [condition, yes, no].map((each) => spread(each.dims, dims))
  const values = Array.from({ length: countOf(dims) }, (_, i): Extent => {
    const isYes = condition.values[c?.[i] ?? 0] === 1
    return (isYes ? yes.values[a?.[i] ?? 0] : no.values[b?.[i] ?? 0]) ?? Number.NaN
  })
  return computed(node, yes.dtype, values, dims)
}

/** `Mod` of whole numbers. */
export const mod = (node: NodeReader): Value => {
  onlyNumbers(node)
  const fmod = node.integer('fmod') !== 0
  return combined(node, (a, b) => (fmod ? a % b : ((a % b) + b) % b))
}

/** `Ceil` of numbers. */
export const ceil = (node: NodeReader): Value => {
  onlyNumbers(node)
  const { values, dims, dtype } = numbersIn(node, 0)
  return computed(
    node,
    dtype,
    values.map((value) => (typeof value === 'number' ? Math.ceil(value) : value)),
    dims,
  )
}

/** `CastLike` of numbers, to the type of others, or of activations. */
export const castLike = (node: NodeReader): Value => {
  const value = node.value(0)
  const like = node.value(1)
  if (!isNumbers(value) || !isNumbers(like)) return value
  const { values, dims } = numbersIn(node, 0)
  return computed(node, numbersIn(node, 1).dtype, values, dims)
}
