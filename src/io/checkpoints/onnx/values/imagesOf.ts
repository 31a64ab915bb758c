import { isListed } from '../../../../models/architecture/spread.js'
import type { FeatureOrder } from '../../../../models/layers/reshaping.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf } from '../graph/tensor.js'
import { selection } from './selection.js'

/** What makes images of vectors. */
type Shaper = Pick<NodeReader, 'builder' | 'budget' | 'refuse' | 'originOf'>

/**
 * Images of vectors, as a file lists their numbers.
 *
 * @param vector one for each image
 * @param dims channels, rows and columns
 * @param positions for each number of an image, its place in the vector
 * @returns undefined for a flattened image, which lists its numbers in an order of its own
 */
export const imagesOf = (
  node: Shaper,
  vector: Activations,
  dims: readonly number[],
  positions: Float64Array,
): Activations | undefined => {
  const [channels = 1, height = 1, width = 1] = dims
  if (dims.length !== 3 || !isListed(vector.shape) || positions.length !== countOf(dims)) return undefined
  node.budget.work(2 * positions.length, 'the order of its activations')
  const pixels = height * width
  const isPlain = positions.every((position, i) => position === i)
  const areTokens = positions.every((position, i) => position === (i % pixels) * channels + Math.floor(i / pixels))
  const shaped = (of: Activations, order: FeatureOrder): Activations =>
    node.builder.add({ type: 'unflatten', height, width, channels, order }, [of], node.originOf('unflatten'))
  if (isPlain || areTokens) return shaped(vector, isPlain ? 'channels' : 'pixels')
  const moved = selection(node, { source: vector, channels: [...positions] })
  return shaped(moved.kind === 'draft' ? moved.settle() : vector, 'channels')
}
