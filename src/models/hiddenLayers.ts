import type { Architecture } from './architecture.js'
import { executionOf } from './execution.js'

/**
 * Names of the hidden activations, first to last: what `layers` and `sigma` of `hsicRegularize` go by. One is called by
 * its ReLU's id where it was given one, and else by the layer that the ReLU reads.
 *
 * @example
 * hiddenLayers(zoo.lenet) // ['conv1', 'conv2', 'fc1']
 */
export const hiddenLayers = (architecture: Architecture): readonly string[] => {
  const known = cache.get(architecture)
  if (known) return known
  const nodes = new Map(architecture.nodes.map((node) => [node.id, node]))
  const names = executionOf(architecture).flatMap(({ hidden, result }) => {
    const relu = nodes.get(result)
    return hidden && relu ? [(UNNAMED.test(relu.id) && relu.inputs[0]) || relu.id] : []
  })
  cache.set(architecture, names)
  return names
}

/** The id that `architecture` makes up; a network made of another one's layers has it for its own. */
const UNNAMED = /^relu-\d+$/

const cache = new WeakMap<Architecture, readonly string[]>()
