import { dataTypes } from '../graph/messages.js'
import type { Extent, Integers, NodeReader, Value } from '../graph/nodeReader.js'
import { countOf, floatsOf } from '../graph/numbers.js'

/** The most numbers of a list. Exporters compute shapes and paddings by lists of a few whole numbers. */
const MOST = 1024

/** An input as whole numbers. */
export const integersOf = (node: NodeReader, index: number): Integers => {
  const value = node.value(index)
  if (value.kind === 'integers') return value
  const tensor = node.constant(index)
  if (countOf(tensor.dims) > MOST)
    node.refuse(`at most ${MOST} numbers as input ${index + 1}`, `${countOf(tensor.dims)}`)
  return { dims: tensor.dims, values: Array.from(floatsOf(tensor)) }
}

/** An input as whole numbers that do not depend on the batch. */
export const numbersOf = (node: NodeReader, index: number): readonly number[] =>
  integersOf(node, index).values.map((value) =>
    typeof value === 'number' ? value : node.refuse(`known numbers as input ${index + 1}`, 'the size of the batch'),
  )

/** Numbers of an attribute or, in later opsets, of an input; undefined if the node has neither. */
export const attributeOrInput = (node: NodeReader, attribute: string, input: number): readonly number[] | undefined =>
  node.integers(attribute) ?? (node.optional(input) ? numbersOf(node, input) : undefined)

/** Whether all inputs are numbers, and none of them activations. */
export const areNumbers = (node: NodeReader): boolean =>
  Array.from({ length: node.count }, (_, i) => node.value(i)).every(
    ({ kind }) => kind === 'integers' || kind === 'constant',
  )

/** Whole numbers as a value. @param dims their shape. @default a list */
export const integers = (values: readonly Extent[], dims: readonly number[] = [values.length]): Value => ({
  kind: 'integers',
  values,
  dims,
})

/** Arithmetic of two lists, or of a list and a number. */
export const combined = (node: NodeReader, combine: (a: number, b: number) => number): Value => {
  const [left, right] = [0, 1].map((i) => ({ dims: integersOf(node, i).dims, values: numbersOf(node, i) }))
  if (!left || !right) return node.refuse('two inputs', 'fewer')
  const longer = left.values.length >= right.values.length ? left : right
  const at = (values: readonly number[], i: number): number => values[values.length === 1 ? 0 : i] ?? Number.NaN
  return integers(
    longer.values.map((_, i) => combine(at(left.values, i), at(right.values, i))),
    longer.dims,
  )
}

/** `ConstantOfShape`. */
export const constantOfShape = (node: NodeReader): Value => {
  const dims = numbersOf(node, 0)
  const tensor = node.tensor('value')
  if (!(countOf(dims) <= MOST)) node.refuse(`at most ${MOST} numbers`, `shape [${dims.join(', ')}]`)
  return integers(new Array<number>(countOf(dims)).fill(tensor ? (floatsOf(tensor)[0] ?? 0) : 0), dims)
}

/** `Gather` of entries along the first axis. */
export const gather = (node: NodeReader): Value => {
  const { values } = integersOf(node, 0)
  const chosen = integersOf(node, 1)
  return integers(
    chosen.values.map((index): Extent => {
      const at = typeof index === 'number' ? values.at(index) : undefined
      return at ?? node.refuse(`an index within ${values.length}`, `${index}`)
    }),
    chosen.dims,
  )
}

/** `Slice` along the first axis. */
export const slice = (node: NodeReader): Value => {
  const { dims, values } = integersOf(node, 0)
  const [length = 0] = dims
  const row = length === 0 ? 0 : values.length / length
  const [axis = 0] = attributeOrInput(node, 'axes', 3) ?? []
  const [step = 1] = node.optional(4) ? numbersOf(node, 4) : []
  const within = (at: number, least: number): number =>
    Math.min(Math.max(at < 0 ? at + length : at, least), step > 0 ? length : length - 1)
  const [start = 0] = attributeOrInput(node, 'starts', 1) ?? []
  const [end = 0] = attributeOrInput(node, 'ends', 2) ?? []
  if (axis !== 0 || step === 0) node.refuse('a slice along the first axis', `axis ${axis}, step ${step}`)
  const [from, to] = step > 0 ? [within(start, 0), within(end, 0)] : [within(start, 0), within(end, -1)]
  const rows = Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
  return integers(
    rows.flatMap((at) => values.slice(at * row, (at + 1) * row)),
    [rows.length, ...dims.slice(1)],
  )
}

/** `Concat` of lists. */
export const concat = (node: NodeReader): Value => {
  const parts = Array.from({ length: node.count }, (_, i) => integersOf(node, i))
  const deep = parts.find(({ dims }) => dims.length !== 1)
  if (deep) node.refuse('lists', `a tensor of shape [${deep.dims.join(', ')}]`)
  return integers(parts.flatMap(({ values }) => values))
}

/** `Unsqueeze` of numbers, usually of one number into a list. */
export const unsqueeze = (node: NodeReader): Value => {
  const { dims, values } = integersOf(node, 0)
  return integers(values, [1, ...dims])
}

/** `Reshape` of numbers. */
export const reshaped = (node: NodeReader): Value => {
  const { values } = integersOf(node, 0)
  const wanted = numbersOf(node, 1)
  const known = countOf(wanted.filter((extent) => extent !== -1))
  const dims = wanted.map((extent) => (extent === -1 ? values.length / known : extent))
  if (countOf(dims) !== values.length) node.refuse(`a shape for ${values.length} numbers`, `[${wanted.join(', ')}]`)
  return integers(values, dims)
}

/** `Transpose` of a matrix of numbers. */
export const transposed = (node: NodeReader): Value => {
  const { dims, values } = integersOf(node, 0)
  const [rows = 0, columns = 0] = dims
  if (dims.length !== 2) node.refuse('rows and columns', `a tensor of shape [${dims.join(', ')}]`)
  return integers(
    Array.from({ length: values.length }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? 0),
    [columns, rows],
  )
}

/** `Cast` of numbers, or of activations to float32. */
export const cast = (node: NodeReader): Value => {
  const value = node.value(0)
  if (value.kind === 'integers' || value.kind === 'constant') return value
  const to = node.integer('to', dataTypes.float)
  return to === dataTypes.float ? value : node.refuse('float32', `a cast to type ${to}`)
}
