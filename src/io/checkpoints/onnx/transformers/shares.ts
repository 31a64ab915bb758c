import type { NodeReader } from '../graph/nodeReader.js'
import { countOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { type Arrangement, arranged } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
import { type Moved, moved } from '../values/moved.js'
import { fromFront } from '../values/views.js'

/** `Softmax` of the channels of images, or of parts of them. */
export const partsStep = (node: NodeReader): Value | undefined => {
  const before = draftOf(node.value(0), 'moved') ?? draftOf(node.value(0), 'arranged')
  if (!before) return undefined
  const lead = before.draft === 'moved' ? 0 : 1
  const axis = fromFront(node, node.integer('axis'), before.dims.length + lead) - lead
  const parts = partsIn(node, before, axis)
  if (parts === undefined)
    return node.refuse('a softmax over channels, or over the same channel of several parts', node.described(0))
  const source = node.withInputs([before.source]).activations(0)
  const output = activations(node.builder.add({ type: 'softmax', parts }, [source], node.originOf('softmax')))
  return before.draft === 'moved'
    ? moved(node, { ...before, source: output })
    : arranged(node, { ...before, source: output })
}

/** The number of parts, if the entries along an axis are the same channel of each of them, at the same pixel. */
export const partsIn = (
  node: NodeReader,
  { shape, dims, positions, images }: Arrangement & Partial<Pick<Moved, 'images'>>,
  axis: number,
): number | undefined => {
  if (images?.axis === axis) return undefined
  const [pixels, channels] = shape.kind === 'image' ? [shape.height * shape.width, shape.channels] : [1, shape.features]
  const parts = dims[axis] ?? 0
  if (axis < 0 || parts === 0 || channels % parts !== 0 || positions.length !== channels * pixels) return undefined
  node.budget.work(2 * positions.length, 'the order of its activations')
  const step = countOf(dims.slice(axis + 1))
  const isOf = positions.every((position, i) => {
    const part = Math.floor(i / step) % parts
    return position === (positions[i - part * step] ?? 0) + (part * channels * pixels) / parts
  })
  return isOf ? parts : undefined
}

/** `Softmax` over the channels of an image. */
export const channelSharesStep = (node: NodeReader): Value | undefined => {
  if (node.operator !== 'Softmax') return undefined
  const source = node.activations(0)
  if (source.shape.kind !== 'image') return undefined
  // Before opset 13 it was over all numbers of an image.
  const isOne = node.opset >= 13 || source.shape.height * source.shape.width === 1
  if (!isOne || fromFront(node, node.integer('axis'), 4) !== 1)
    node.refuse('a softmax over the channels of an image (axis 1)', `axis ${node.integer('axis')}`)
  return activations(node.builder.add({ type: 'softmax' }, [source], node.originOf('softmax')))
}

/** `Softmax` or `LogSoftmax` of a vector. A softmax that another layer reads is one; at the end of a network it is left out. */
export const softmax = (node: NodeReader): Value => {
  const source = node.activations(0)
  const axis = node.integer('axis')
  if (axis !== 1 && axis !== -1) node.refuse('a softmax over the logits (axis 1 or -1)', `axis ${axis}`)
  if (source.shape.kind !== 'vector') node.refuse('one vector per image', node.described(0))
  const settle = once(() =>
    node.operator === 'Softmax'
      ? node.builder.add({ type: 'softmax' }, [source], node.originOf('softmax'))
      : node.refuse('a network that ends with it', 'another operator after it'),
  )
  return { kind: 'draft', draft: 'probabilities', source, operator: node.operator, settle }
}
