import type { ReadBudget } from '../../../files/readBudget.js'
import { type Dtype, littleEndian, toFloat32 } from '../../tensors/dtype.js'
import { copyStrided } from '../../tensors/strided.js'

/** A tensor of a file whose shape and numbers were checked against each other, or one that was computed from such. */
export interface Tensor {
  /** Empty if it has none. */
  readonly name: string
  /** Extent of each axis; empty for a scalar. */
  readonly dims: readonly number[]
  readonly dtype: Dtype
  /** How far apart two neighbours along each axis are stored, in elements. */
  readonly strides: readonly number[]
  /** The number that is stored at a position. */
  readonly at: (position: number) => number
  /** The bytes of all numbers, row-major, if they are stored as little-endian float32. */
  readonly raw?: Uint8Array
}

/** The number of entries of a tensor. */
export const countOf = (dims: readonly number[]): number => dims.reduce((product, extent) => product * extent, 1)

/** The strides of a tensor that is stored row-major. */
export const rowMajor = (dims: readonly number[]): readonly number[] =>
  dims.map((_, axis) => countOf(dims.slice(axis + 1)))

/** A shape for an error: `[2, 3]`. */
export const shapeText = (dims: readonly unknown[]): string => `[${dims.join(', ')}]`

/** The numbers of a tensor as float32, row-major; converted on each call. */
export const floatsOf = (tensor: Tensor): Float32Array => {
  const { raw, dims } = tensor
  return raw ? toFloat32(raw, 'F32', 0, countOf(dims)) : copied(tensor, new Float32Array(countOf(dims)))
}

/** The same as float64: whole numbers are exact up to 2⁵³. */
export const doublesOf = (tensor: Tensor): Float64Array => copied(tensor, new Float64Array(countOf(tensor.dims)))

/** Copies the numbers of a tensor, row-major. */
const copied = <A extends Float32Array | Float64Array>({ dims, strides, at }: Tensor, out: A): A =>
  copyStrided(out, dims, strides, at)

/** A tensor of numbers in row-major order. @param dtype their type, which arithmetic depends on */
export const tensorOf = (name: string, dtype: Dtype, dims: readonly number[], numbers: ArrayLike<number>): Tensor => ({
  name,
  dims,
  dtype,
  strides: rowMajor(dims),
  at: (position) => numbers[position] ?? Number.NaN,
})

/** The same numbers with their axes in another order; nothing is copied. @param order a permutation of the axes */
export const permuted = (tensor: Tensor, order: readonly number[]): Tensor => {
  const { raw, ...stored } = tensor
  const along = (numbers: readonly number[]): readonly number[] => order.map((axis) => numbers[axis] ?? 0)
  const dims = along(tensor.dims)
  const same = order.every((axis, i) => axis === i)
  return same ? tensor : { ...stored, dims, strides: along(tensor.strides) }
}

/** The same numbers in another shape, which has as many. They are copied if they are not stored row-major. */
export const reshapedTensor = (tensor: Tensor, dims: readonly number[], budget: ReadBudget): Tensor => {
  if (tensor.strides.join() === rowMajor(tensor.dims).join()) return { ...tensor, dims, strides: rowMajor(dims) }
  budget.allocate(4 * countOf(dims), `tensor of shape ${shapeText(dims)}`)
  const floats = floatsOf(tensor)
  const at = (position: number): number => floats[position] ?? Number.NaN
  return { ...tensor, dtype: 'F32', dims, strides: rowMajor(dims), at, raw: littleEndian(floats) }
}
