import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { arranged, arrangementIn, dimsOf } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { listed } from '../values/listed.js'
import { attributeOrInput, isNumbers } from '../values/numbers.js'
import { fromFront } from '../values/views.js'
import { partsIn } from './shares.js'

/** `ReduceMax` or `ReduceMean` of all channels, or of the same channel in several parts. */
export const channelPool =
  (of: 'max' | 'mean') =>
  (node: NodeReader): Value | undefined => {
    const [axis, ...others] = attributeOrInput(node, 'axes', 1) ?? []
    const value = node.value(0)
    if (axis === undefined || others.length > 0 || isNumbers(value) || draftOf(value, 'moved')) return undefined
    const before = arrangementIn(node)
    const own = fromFront(node, axis, before.dims.length + 1) - 1
    const parts = own < 0 ? undefined : partsIn(node, before, own)
    if (parts === undefined || parts === 1) return undefined
    const { dims, positions } = before
    const source = node.withInputs([before.source]).activations(0)
    const result = node.builder.add(
      { type: 'poolChannels', of, ...(parts === channelsOf(source) ? {} : { parts }) },
      [source],
      node.originOf('poolChannels'),
    )
    const inner = countOf(dims.slice(own + 1))
    return arranged(node, {
      source: activations(result),
      shape: result.shape,
      dims: dims.flatMap((extent, i) => (i === own ? (node.integer('keepdims') === 0 ? [] : [1]) : [extent])),
      positions: positions.filter((_, i) => Math.floor(i / inner) % parts === 0),
    })
  }

const channelsOf = ({ shape }: Activations): number => dimsOf(shape)[0] ?? 1

/** The larger numbers of two activations of one shape. */
export const largerOf = (node: NodeReader, pair: readonly Activations[]): Activations => {
  const both = node.builder.add(
    { type: 'concat' },
    pair.map((each) => listed(node, each)),
    node.originOf('concat'),
  )
  return node.builder.add({ type: 'poolChannels', of: 'max', parts: 2 }, [both], node.originOf('poolChannels'))
}
