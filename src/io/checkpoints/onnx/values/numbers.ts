import type { Dtype } from '../../tensors/dtype.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Extent, Numbers } from '../graph/numbers.js'
import { countOf, doublesOf, shapeText } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { broadcast, spread } from './broadcasting.js'

/** The most numbers of a list. Exporters compute shapes, paddings and means by lists of a few numbers. */
const MOST = 1024

/** Bytes that a number in a list takes. */
const BYTES = 16

/** An input as a few numbers. */
export const numbersIn = (node: NodeReader, index: number): Numbers => {
  const value = node.value(index)
  if (value.kind === 'numbers') return value
  const tensor = node.constant(index)
  const { dims, dtype } = tensor
  if (countOf(dims) > MOST) node.refuse(`at most ${MOST} numbers as input ${index + 1}`, node.described(index))
  node.budget.work(countOf(dims), 'the shapes of its graph')
  return { dims, dtype, values: Array.from(doublesOf(tensor)) }
}

/** An input as numbers that do not depend on the batch. */
export const knownIn = (node: NodeReader, index: number): readonly number[] =>
  numbersIn(node, index).values.map((value) =>
    typeof value === 'number'
      ? value
      : (node.batch ?? node.refuse(`known numbers as input ${index + 1}`, node.described(index))),
  )

/** Numbers of an attribute or, in later opsets, of an input; undefined if the node has neither. */
export const attributeOrInput = (node: NodeReader, attribute: string, input: number): readonly number[] | undefined =>
  node.integers(attribute) ?? (node.optional(input) ? knownIn(node, input) : undefined)

/** Whether an input is fixed by the file, or a shape: no layer computes it. */
export const isNumbers = (value: Value): boolean => value.kind === 'numbers' || value.kind === 'constant'

/** Whether all inputs are numbers, and none of them depends on the image. */
export const areNumbers = (node: NodeReader): boolean =>
  Array.from({ length: node.count }, (_, i) => node.value(i)).every(isNumbers)

/** An operator on numbers, or on activations if an input is computed from the image. */
export const ofNumbersOr =
  (ofNumbers: (node: NodeReader) => Value, ofActivations: (node: NodeReader) => Value) =>
  (node: NodeReader): Value =>
    (areNumbers(node) ? ofNumbers : ofActivations)(node)

/** Computed numbers as a value. @param dims their shape. @default a list */
export const computed = (
  node: NodeReader,
  dtype: Dtype,
  values: readonly Extent[],
  dims: readonly number[] = [values.length],
): Value => {
  node.budget.allocate(BYTES * values.length, 'the shapes of its graph')
  return { kind: 'numbers', dtype, values, dims }
}

/** Refuses lists that are longer than any shape is, before they are made. */
const limit = (node: NodeReader, count: number): void => {
  if (!(count <= MOST)) node.refuse(`at most ${MOST} computed numbers`, `${count}`)
}

const ARITHMETIC: readonly Dtype[] = ['F32', 'F64', 'I64', 'I32']

/** Arithmetic of numbers, broadcast over each other. @param combine for float, and for whole numbers */
export const combined = (
  node: NodeReader,
  combine: (a: number, b: number) => number,
  whole: (a: number, b: number) => number = combine,
): Value => {
  const [left, right] = [numbersIn(node, 0), numbersIn(node, 1)]
  const { dtype } = left
  if (dtype !== right.dtype || !ARITHMETIC.includes(dtype))
    node.refuse(`constants of one type among ${ARITHMETIC.join(', ')}`, `${dtype} and ${right.dtype}`)
  const dims = broadcast(node, left.dims, right.dims)
  limit(node, countOf(dims))
  const [a, b] = [left, right].map((each) => spread(each.dims, dims))
  const [as, bs] =
    node.operator === 'Mul' ? [ofOneImage(left), ofOneImage(right)] : [knownIn(node, 0), knownIn(node, 1)]
  const isWhole = dtype === 'I64' || dtype === 'I32'
  const values = Array.from({ length: countOf(dims) }, (_, i) => {
    const [x, y] = [as[a?.[i] ?? 0] ?? Number.NaN, bs[b?.[i] ?? 0] ?? Number.NaN]
    const value = isWhole ? whole(x, y) : combine(x, y)
    return dtype === 'F32' ? Math.fround(value) : value
  })
  if (isWhole && !values.every(Number.isSafeInteger)) node.refuse('whole numbers', values.join(', '))
  return computed(node, dtype, values, dims)
}

/** Numbers of one image: a product with any number of images is a shape that has them as a part of an axis. */
const ofOneImage = ({ values }: Numbers): readonly number[] => values.map((value) => (value === 'batch' ? 1 : value))

/** `ConstantOfShape`. */
export const constantOfShape = (node: NodeReader): Value => {
  const dims = knownIn(node, 0)
  const tensor = node.tensor('value')
  if (tensor && countOf(tensor.dims) !== 1) node.refuse('one number as attribute "value"', shapeText(tensor.dims))
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) node.refuse('a shape', shapeText(dims))
  limit(node, countOf(dims))
  const [fill = 0] = tensor ? doublesOf(tensor) : []
  return computed(node, tensor?.dtype ?? 'F32', new Array<number>(countOf(dims)).fill(fill), dims)
}

/** `Gather` of entries of a list. */
export const gather = (node: NodeReader): Value => {
  const { values, dims, dtype } = numbersIn(node, 0)
  onlyAxis(node, dims, node.integer('axis'))
  const chosen = numbersIn(node, 1)
  return computed(
    node,
    dtype,
    chosen.values.map((index): Extent => {
      const at = typeof index === 'number' && index >= -values.length ? values.at(index) : undefined
      return at ?? node.refuse(`an index within ${values.length}`, `${index}`)
    }),
    chosen.dims,
  )
}

/** Refuses what is not a list, and another axis than its only one. */
const onlyAxis = (node: NodeReader, dims: readonly number[], axis: number): void => {
  if (dims.length !== 1) node.refuse('a list of numbers', `numbers of shape ${shapeText(dims)}`)
  if (axis !== 0 && axis !== -1) node.refuse('the only axis of a list', `axis ${axis}`)
}

/** `Slice` of a list, or of the rows of a matrix. */
export const slice = (node: NodeReader): Value => {
  const { dims, values, dtype } = numbersIn(node, 0)
  const [length = 0] = dims
  const row = length === 0 ? 0 : values.length / length
  const one = (name: string, input: number, otherwise?: number): number => {
    const [first = otherwise, ...others] = attributeOrInput(node, name, input) ?? []
    return first !== undefined && others.length === 0 ? first : node.refuse(`${name} along one axis`, shapeText(others))
  }
  const [axis, step] = [one('axes', 3, 0), one('steps', 4, 1)]
  if ((axis !== 0 && axis !== -dims.length) || step === 0)
    node.refuse('a slice along the first axis', `axis ${axis}, step ${step}`)
  const within = (at: number, least: number): number =>
    Math.min(Math.max(at < 0 ? at + length : at, least), step > 0 ? length : length - 1)
  const [start, end] = [one('starts', 1), one('ends', 2)]
  const [from, to] = step > 0 ? [within(start, 0), within(end, 0)] : [within(start, 0), within(end, -1)]
  const rows = Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
  return computed(
    node,
    dtype,
    rows.flatMap((at) => values.slice(at * row, (at + 1) * row)),
    [rows.length, ...dims.slice(1)],
  )
}

/** `Concat` of lists of numbers. */
export const concat = (node: NodeReader): Value => {
  const parts = Array.from({ length: node.count }, (_, i) => numbersIn(node, i))
  const [first] = parts
  if (!first) return node.refuse('at least one input', 'none')
  for (const { dims, dtype } of parts) {
    onlyAxis(node, dims, node.integer('axis'))
    if (dtype !== first.dtype) node.refuse('lists of one type', `${first.dtype} and ${dtype}`)
  }
  limit(
    node,
    parts.reduce((sum, { values }) => sum + values.length, 0),
  )
  return computed(
    node,
    first.dtype,
    parts.flatMap(({ values }) => values),
  )
}

/** `Range` of numbers. */
export const range = (node: NodeReader): Value => {
  const [start = Number.NaN, limitAt = Number.NaN, step = Number.NaN] = [0, 1, 2].map((i) => knownIn(node, i)[0])
  const count = Math.max(0, Math.ceil((limitAt - start) / step))
  limit(node, count)
  const values = Array.from({ length: count }, (_, i) => start + i * step)
  return computed(node, numbersIn(node, 0).dtype, values)
}
