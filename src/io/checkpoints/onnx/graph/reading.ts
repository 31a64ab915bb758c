import type { ReadBudget } from '../../../files/readBudget.js'
import type { NetworkBuilder } from './networkBuilder.js'
import type { TensorReader } from './tensorReader.js'

/** What all nodes of a graph share while it is read. */
export interface Reading {
  readonly builder: NetworkBuilder
  readonly opset: number
  readonly tensors: TensorReader
  readonly budget: ReadBudget
  /** The number of images, if the file fixes it. */
  readonly batch: number | undefined
  /** `layer`: each node has the name of its layer, as in files that this package writes. */
  readonly named: 'layer' | 'freely'
}

/**
 * The module in the name of a node as PyTorch's exporter writes it: `layer1.0.conv1` for `/layer1/layer1.0/conv1/Conv`.
 * Other names are returned unchanged.
 */
export const moduleOf = (node: string): string => {
  const [empty, ...scopes] = node.split('/').slice(0, -1)
  if (empty !== '' || scopes.length === 0) return node
  return scopes.filter((scope, i) => !scopes[i + 1]?.startsWith(`${scope}.`)).join('.')
}
