import type { Architecture, GraphNode } from './architecture.js'

/** A node to run, with the ReLU behind it folded in where it is that node's only reader. */
export interface Kernel {
  readonly node: GraphNode
  readonly activation: 'linear' | 'relu'
  /** Under which id its result is read: the node's own, or that of the ReLU folded in. */
  readonly result: string
  /** Whether the result is a hidden activation (the output of a ReLU). */
  readonly hidden: boolean
}

/** The nodes in running order; layers with parameters are fused with their ReLU. */
export const executionOf = (architecture: Architecture): readonly Kernel[] => {
  const known = cache.get(architecture)
  if (known) return known
  const readers = new Map<string, GraphNode[]>()
  for (const node of architecture.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node])
  const folded = new Set<string>()
  const kernels = architecture.nodes.flatMap((node): Kernel[] => {
    if (folded.has(node.id)) return []
    const [reader, ...others] = readers.get(node.id) ?? []
    const fuses = 'name' in node.layer && reader?.layer.type === 'relu' && others.length === 0
    if (fuses) folded.add(reader.id)
    return [
      {
        node,
        activation: fuses ? 'relu' : 'linear',
        result: fuses ? reader.id : node.id,
        hidden: fuses || node.layer.type === 'relu',
      },
    ]
  })
  cache.set(architecture, kernels)
  return kernels
}

const cache = new WeakMap<Architecture, readonly Kernel[]>()
