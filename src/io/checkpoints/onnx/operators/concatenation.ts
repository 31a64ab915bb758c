import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { floatsOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { axesOf, inOrder, reordered } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { listedIn } from '../values/listed.js'
import { isNumbers } from '../values/numbers.js'
import { BYTES, channelsIn } from '../values/selection.js'
import { fromFront } from '../values/views.js'
import { pixelsOf, zerosBeside } from './selections.js'

/** `Concat` of activations along their channels, and of zeros that the file holds. */
export const concatenated = (node: NodeReader): Value => {
  const values = Array.from({ length: node.count }, (_, i) => node.value(i))
  if (values.some(isNumbers)) return joined(node, withZeros(node, values), [0, 1, 2])
  const drafts = values.map((value) => draftOf(value, 'arranged'))
  const orders = drafts.map((before) => before && axesOf(node, before))
  const [order] = orders
  if (order === undefined || orders.some((other) => other?.join() !== order.join()))
    return joined(node, values, [0, 1, 2])
  return joined(
    node,
    drafts.flatMap((before) => before?.source ?? []),
    order,
  )
}

/** Concatenates channels. @param order of the axes of images in the file */
const joined = (node: NodeReader, values: readonly Value[], order: readonly number[]): Value => {
  const seen = node.withInputs(values)
  const parts = values.map((_, i) => listedIn(seen, i))
  const [first] = parts
  if (!first) return node.refuse('at least one input', 'none')
  checkAxis(node, first, order)
  if (parts.length === 1) return values[0] ?? activations(first)
  const sizeOf = ({ shape }: Activations): string =>
    shape.kind === 'image' ? `${shape.height} x ${shape.width}` : 'a list'
  const other = parts.find((part) => sizeOf(part) !== sizeOf(first))
  if (other) node.refuse(`activations of one size, ${sizeOf(first)}`, sizeOf(other))
  node.budget.allocate(BYTES * parts.reduce((sum, part) => sum + channelsIn(part), 0), 'its channels')
  const all = node.builder.add({ type: 'concat' }, parts, node.originOf('concat'))
  const isPlain = order.every((axis, i) => axis === i)
  return isPlain ? activations(all) : reordered(node, { source: activations(all), ...inOrder(node, all.shape) }, order)
}

const checkAxis = (node: NodeReader, { shape }: Activations, order: readonly number[]): void => {
  const axis = fromFront(node, node.integer('axis'), shape.kind === 'image' ? 4 : 2)
  if (axis !== 1 + order.indexOf(0)) node.refuse('a concatenation of channels', `axis ${axis}`)
}

/** The activations among some values, with the channels of zeros that stand before or after them. */
const withZeros = (node: NodeReader, values: readonly Value[]): readonly Value[] => {
  const parts: { readonly value: Value; before: number; after: number }[] = []
  const given = values.find((value) => !isNumbers(value))
  const pixels = given ? pixelsOf(node.withInputs([given])) : []
  let before = 0
  for (const [i, value] of values.entries()) {
    const last = parts.at(-1)
    if (!isNumbers(value)) {
      parts.push({ value, before, after: 0 })
      before = 0
    } else if (last) last.after += zerosIn(node, i, pixels)
    else before += zerosIn(node, i, pixels)
  }
  return parts.map((part) =>
    part.before + part.after === 0 ? part.value : zerosBeside(node.withInputs([part.value]), part.before, part.after),
  )
}

/** The number of channels of a constant that is 0 everywhere. @param pixels its rows and columns */
const zerosIn = (node: NodeReader, index: number, pixels: readonly number[]): number => {
  const tensor = node.constant(index)
  const [, channels = 0, ...own] = tensor.dims
  if (own.join() !== pixels.join() || !floatsOf(tensor).every((value) => value === 0))
    node.refuse('the output of a layer, or zeros of its size, to concatenate', node.described(index))
  return channels
}
