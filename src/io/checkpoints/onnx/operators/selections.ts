import { ZEROS } from '../../../../models/architecture/selection.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { doublesOf, shapeText } from '../graph/tensor.js'
import type { Along, Value } from '../graph/value.js'
import { besideZerosName } from '../graph/writtenNames.js'
import { axesOf, inOrder, reordered } from '../values/arranged.js'
import { draftOf } from '../values/drafts.js'
import { attributeOrInput, isNumbers } from '../values/numbers.js'
import { partSizes } from '../values/partSizes.js'
import { BYTES, channelsIn, type Selected, selection } from '../values/selection.js'
import { fromFront } from '../values/views.js'

// Channels in another order: `Slice`, `Split`, `Gather` and `Pad` along the channels, and the reshapes and transpositions
// of a channel shuffle. One layer computes all that follow each other.

/** An input with the place of its channels among the axes of the file. */
interface Selectable extends Selected {
  /** For each axis of the file, from 0, that of images x channels x rows x columns. */
  readonly axes: readonly number[]
  /** A value in the order of the file. */
  readonly turned: (value: Value) => Value
}

/** Some activations as a selection of a layer's output. */
const selectableIn = (node: NodeReader): Selectable => {
  const before = draftOf(node.value(0), 'arranged')
  const order = before && axesOf(node, before)
  if (!before || !order) {
    const own = selectedIn(node)
    const rank = own.source.shape.kind === 'image' ? 4 : 2
    return { ...own, axes: Array.from({ length: rank }, (_, axis) => axis), turned: (value) => value }
  }
  const turned = (value: Value): Value => {
    const { shape } = settled(node, value)
    return reordered(node, { source: value, ...inOrder(node, shape) }, order)
  }
  return { ...selectedIn(node.withInputs([before.source])), axes: [0, ...order.map((axis) => axis + 1)], turned }
}

const settled = (node: NodeReader, value: Value): Activations => node.withInputs([value]).activations(0)

const selectedIn = (node: NodeReader): Selected => {
  const before = draftOf(node.value(0), 'selection')
  // In our own files each is a layer, except the zeros that a gather is written with.
  if (before && (!node.isOurs || before.name === besideZerosName(node.name))) return before
  const source = node.activations(0)
  return { source, channels: allOf(node, channelsIn(source)) }
}

const allOf = (node: NodeReader, count: number): readonly number[] => {
  node.budget.allocate(BYTES * count, 'the order of its channels')
  return Array.from({ length: count }, (_, c) => c)
}

/** Chosen entries of a selection's channels; −1 for zeros. */
const chosen = (node: NodeReader, { channels }: Selected, indices: readonly number[]): readonly number[] =>
  indices.map((index) =>
    index === ZEROS ? ZEROS : (channels[index] ?? node.refuse(`channels within ${channels.length}`, `${index}`)),
  )

/** `Slice` of channels, rows and columns. */
export const sliced = (node: NodeReader): Value => {
  const given = selectableIn(node)
  const rank = given.axes.length
  const list = (name: string, input: number): readonly number[] | undefined => attributeOrInput(node, name, input)
  const starts = list('starts', 1) ?? []
  const axes = list('axes', 3) ?? starts.map((_, i) => i)
  const [ends, steps] = [list('ends', 2) ?? [], list('steps', 4) ?? starts.map(() => 1)]
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    node.refuse('a start, an end and a step for each axis', shapeText([starts, ends, axes, steps].map((l) => l.length)))
  let result: Selected = given
  for (const [i, axis] of axes.entries()) {
    const own = given.axes[fromFront(node, axis, rank)] ?? 0
    const indices = indicesOf(node, extentOf(node, result, own), {
      start: starts[i] ?? 0,
      end: ends[i] ?? 0,
      step: steps[i] ?? 1,
    })
    result = alongAxis(node, result, own, indices)
  }
  return given.turned(selection(node, result))
}

/** The extent of one of images x channels x rows x columns; NaN for the number of images, which is not known. */
const extentOf = (node: NodeReader, { source: { shape }, channels, kept }: Selected, axis: number): number => {
  if (axis === 1) return channels.length
  if (shape.kind !== 'image' || axis === 0) return node.refuse('a slice of channels', 'one of images')
  return axis === 2 ? (kept?.rows.count ?? shape.height) : (kept?.columns.count ?? shape.width)
}

interface Range {
  readonly start: number
  readonly end: number
  readonly step: number
}

const indicesOf = (node: NodeReader, extent: number, { start, end, step }: Range): readonly number[] => {
  if (!Number.isInteger(step) || step === 0) node.refuse('a step other than 0', `${step}`)
  const within = (at: number, least: number): number =>
    Math.min(Math.max(at < 0 ? at + extent : at, least), step > 0 ? extent : extent - 1)
  const [from, to] = [within(start, 0), within(end, step > 0 ? 0 : -1)]
  const count = Math.max(0, Math.ceil((to - from) / step))
  node.budget.allocate(BYTES * count, 'the order of its channels')
  return Array.from({ length: count }, (_, i) => from + i * step)
}

/** Chosen entries along one axis: of channels any, of rows and columns every so many. */
const alongAxis = (node: NodeReader, given: Selected, axis: number, indices: readonly number[]): Selected => {
  if (axis === 1) return { ...given, channels: chosen(node, given, indices) }
  const { source, kept } = given
  const { shape } = source
  const [first, second = (first ?? 0) + 1] = indices
  if (first === undefined || second < first || shape.kind !== 'image')
    return node.refuse('one or more rows and columns, from the first to the last', `${indices.length}`)
  const { rows, columns } = kept ?? { rows: allAlong(shape.height), columns: allAlong(shape.width) }
  const within = ({ begin, step }: Along): Along => ({
    begin: begin + step * first,
    step: step * (second - first),
    count: indices.length,
  })
  return { ...given, kept: axis === 2 ? { rows: within(rows), columns } : { rows, columns: within(columns) } }
}

const allAlong = (count: number): Along => ({ begin: 0, step: 1, count })

/** `Gather` of channels by indices that the file fixes. */
export const gathered = (node: NodeReader): Value => {
  const given = selectableIn(node)
  const axis = given.axes[fromFront(node, node.integer('axis'), given.axes.length)]
  if (!isNumbers(node.value(1))) node.refuse('indices that the file fixes', node.described(1))
  const tensor = node.constant(1)
  if (axis !== 1 || tensor.dims.length !== 1)
    node.refuse('a list of channels', `axis ${node.integer('axis')}, indices of shape ${shapeText(tensor.dims)}`)
  const count = given.channels.length
  const indices = Array.from(doublesOf(tensor), (index) =>
    index >= -count && index < count ? (index + count) % count : node.refuse(`channels within ${count}`, `${index}`),
  )
  return given.turned(selection(node, { ...given, channels: chosen(node, given, indices) }))
}

/** `Split` of channels: a value for each part. */
export const split = (node: NodeReader): readonly Value[] => {
  if (isNumbers(node.value(0))) node.refuse('the output of a layer', node.described(0))
  const given = selectableIn(node)
  const count = given.channels.length
  if (given.axes[fromFront(node, node.integer('axis'), given.axes.length)] !== 1)
    node.refuse('a split of channels', `axis ${node.integer('axis')}`)
  const sizes = partSizes(node, count, 'channels')
  let begin = 0
  return sizes.map((size) => {
    const from = begin
    begin += size
    return given.turned(selection(node, { ...given, channels: given.channels.slice(from, begin) }))
  })
}

/** `Pad` of channels by zeros. */
export const zerosBeside = (node: NodeReader, before: number, after: number): Value => {
  const given = selectedIn(node)
  node.budget.allocate(BYTES * (before + after), 'the order of its channels')
  const zeros = (count: number): readonly number[] => new Array<number>(count).fill(ZEROS)
  return selection(node, { ...given, channels: [...zeros(before), ...given.channels, ...zeros(after)] })
}

/** The rows and columns of the input; empty for a vector. */
export const pixelsOf = (node: NodeReader): readonly number[] => {
  const selected = selectedIn(node)
  return selected.source.shape.kind === 'image' ? [2, 3].map((axis) => extentOf(node, selected, axis)) : []
}
