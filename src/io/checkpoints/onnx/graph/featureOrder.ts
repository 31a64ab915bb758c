import type { Architecture } from '../../../../models/architecture/architecture.js'
import type { NodeShape } from '../../../../models/architecture/shapes.js'

/** The image whose pixels are the features of a vector, if their order matters: `4 x 4 x 32`; else empty. */
export const orderOf = (shape: NodeShape): string => {
  const image = shape.kind === 'vector' ? shape.flattenedFrom : undefined
  return image && image.height * image.width > 1 ? `${image.height} x ${image.width} x ${image.channels}` : ''
}

/**
 * The first place where a flattened image meets features of another order, or is the network's output. PyTorch and ONNX
 * flatten by channel, the engine by pixel. Before a linear layer the difference is a permutation of its weights; in these
 * places the two orders would give different numbers.
 *
 * @returns the place, for an error; undefined without one: ordinary networks have none
 */
export const mixedOrder = ({ nodes }: Architecture): string | undefined => {
  for (const { id, layer, inputShapes } of nodes) {
    const meets = layer.type === 'add' ? 'adds' : layer.type === 'multiply' ? 'multiplies' : undefined
    if (meets && new Set(inputShapes.map(orderOf)).size > 1)
      return `"${id}", which ${meets} a flattened image ${meets === 'adds' ? 'to' : 'by'} other features`
  }
  const last = nodes.at(-1)
  return last && orderOf(last.shape) !== '' ? `"${last.id}", a flattened image, as logits` : undefined
}
