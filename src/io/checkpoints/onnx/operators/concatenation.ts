import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Value } from '../graph/value.js'
import { axesOf, inOrder, reordered } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { BYTES, channelsIn } from '../values/selection.js'
import { fromFront } from '../values/views.js'

/** `Concat` of activations along their channels. */
export const concatenated = (node: NodeReader): Value => {
  const all = Array.from({ length: node.count }, (_, i) => i)
  const drafts = all.map((i) => draftOf(node.value(i), 'arranged'))
  const orders = drafts.map((before) => before && axesOf(node, before))
  const [order] = orders
  const isTurned = order !== undefined && orders.every((other) => other?.join() === order.join())
  const inputs = isTurned ? drafts.flatMap((before) => before?.source ?? []) : []
  const seen = isTurned ? node.withInputs(inputs) : node
  const parts = all.map((i) => seen.activations(i))
  const [first] = parts
  if (!first) return node.refuse('at least one input', 'none')
  const rank = first.shape.kind === 'image' ? 4 : 2
  const axis = fromFront(node, node.integer('axis'), rank)
  if (axis !== (isTurned ? 1 + order.indexOf(0) : 1)) node.refuse('a concatenation of channels', `axis ${axis}`)
  if (parts.length === 1) return node.value(0)
  const sizeOf = ({ shape }: Activations): string =>
    shape.kind === 'image' ? `${shape.height} x ${shape.width}` : 'a list'
  const other = parts.find((part) => sizeOf(part) !== sizeOf(first))
  if (other) node.refuse(`activations of one size, ${sizeOf(first)}`, sizeOf(other))
  node.budget.allocate(BYTES * parts.reduce((sum, part) => sum + channelsIn(part), 0), 'its channels')
  const joined = node.builder.add({ type: 'concat' }, parts, node.originOf('concat'))
  const result = activations(joined)
  return isTurned ? reordered(node, { source: result, ...inOrder(node, joined.shape) }, order) : result
}
