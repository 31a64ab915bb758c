import type { Layer } from '../layers/layer.js'
import type { Architecture, GraphNode } from './architecture.js'
import { memoized } from './lookups.js'

/** A node to run, fused with the ReLU after it if that is the node's only reader. */
export interface Kernel {
  readonly node: GraphNode
  readonly activation: 'linear' | 'relu'
  /** The id under which other nodes read the result: the node's own, or that of the fused ReLU. */
  readonly result: string
  /** Whether the result is a hidden activation: the output of a ReLU or another element-wise function. */
  readonly hidden: boolean
}

/** Layers whose output is a hidden activation. */
const ACTIVATIONS: ReadonlySet<Layer['type']> = new Set<Layer['type']>(['relu', 'activation', 'prelu'])

/** The nodes in the order of execution; layers with parameters are fused with their ReLU. */
export const executionOf = memoized((architecture: Architecture): readonly Kernel[] => {
  const readers = new Map<string, GraphNode[]>()
  for (const node of architecture.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node])
  const folded = new Set<string>()
  return architecture.nodes.flatMap((node): Kernel[] => {
    if (folded.has(node.id)) return []
    const [reader, ...others] = readers.get(node.id) ?? []
    const fuses = 'name' in node.layer && reader?.layer.type === 'relu' && others.length === 0
    if (fuses) folded.add(reader.id)
    return [
      {
        node,
        activation: fuses ? 'relu' : 'linear',
        result: fuses ? reader.id : node.id,
        hidden: fuses || ACTIVATIONS.has(node.layer.type),
      },
    ]
  })
})
