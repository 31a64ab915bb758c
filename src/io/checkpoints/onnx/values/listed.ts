import { isListed } from '../../../../models/architecture/spread.js'
import type { Layer } from '../../../../models/layers/layer.js'
import { orderOf } from '../graph/featureOrder.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { draftOf } from './drafts.js'
import { selection } from './selection.js'

// The engine flattens images in an order of its own. Vectors that are joined, added or returned need the order of the file.

/** What lists the numbers of a vector. */
type Lister = Pick<NodeReader, 'builder' | 'refuse' | 'originOf'>

/** Layers that compute each number by itself. */
const EACH: ReadonlySet<Layer['type']> = new Set<Layer['type']>(['relu', 'activation', 'scale'])

/** An input, which is a vector whose numbers are in the file's order if it is a vector. */
export const listedIn = (node: NodeReader, index: number): Activations => {
  if (node.isOurs) return node.activations(index)
  const before = draftOf(node.value(index), 'arranged')
  if (before?.dims.length !== 1) return listed(node, node.activations(index))
  const vector = listed(node, flat(node, node.withInputs([before.source]).activations(0)))
  const moved = selection(node, { source: vector, channels: [...before.positions] })
  return moved.kind === 'draft' ? moved.settle() : vector
}

/** Activations of which all vectors have one order: that of the file, if their layers have others. */
export const oneOrder = (node: NodeReader, given: readonly Activations[]): readonly Activations[] => {
  const areMixed = new Set(given.map(({ shape }) => orderOf(shape))).size > 1
  return areMixed && !node.isOurs ? given.map((each) => listed(node, each)) : given
}

/** A vector with its numbers in the file's order; an image as it is. */
export const listed = (node: Lister, output: Activations): Activations => {
  if (isListed(output.shape)) return output
  const image = node.builder.imagesBefore(output)
  if (image) return flat(node, image)
  const made = node.builder.layerOf(output)
  if (made && EACH.has(made.layer.type) && made.inputs[0])
    return node.builder.add(made.layer, [listed(node, made.inputs[0])], node.originOf(made.layer.type))
  return node.refuse('images that are flattened by the node before it', 'a layer between the two')
}

const flat = (node: Lister, { id, shape }: Activations): Activations =>
  shape.kind === 'vector'
    ? { id, shape }
    : node.builder.add({ type: 'flatten', order: 'channels' }, [{ id, shape }], node.originOf('flatten'))
