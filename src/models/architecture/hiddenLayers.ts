import type { Architecture } from './architecture.js'
import { executionOf } from './execution.js'
import { memoized } from './lookups.js'

/**
 * Names of the hidden activations, first to last. The options `layers` and `sigma` of `hsicRegularize` refer to these.
 * They are the outputs of each ReLU and other element-wise function. A name is that layer's id if the network gives it
 * one, or else the id of the layer that it reads.
 *
 * @example
 * hiddenLayers(zoo.lenet) // ['conv1', 'conv2', 'fc1']
 */
export const hiddenLayers: (architecture: Architecture) => readonly string[] = memoized((architecture) => {
  const nodes = new Map(architecture.nodes.map((node) => [node.id, node]))
  return executionOf(architecture).flatMap(({ hidden, result }) => {
    const activation = nodes.get(result)
    return hidden && activation ? [(UNNAMED.test(activation.id) && activation.inputs[0]) || activation.id] : []
  })
})

/** An id that `architecture` generated; a network made of another one's layers keeps it. */
const UNNAMED = /^(relu|activation)-\d+$/
