import { PwoaFailure } from '../../dsl/errors.js'
import type { Architecture } from '../architecture/architecture.js'

/** The first batch normalisation of vectors, or of images of a single pixel: it sees one value per channel for each image. */
const ofOnePixel = ({ nodes }: Architecture) =>
  nodes
    .flatMap(({ layer, shape }) =>
      layer.type !== 'batchNorm2d'
        ? []
        : shape.kind === 'vector'
          ? [{ name: layer.name, shape: `1 x ${shape.features}` }]
          : shape.height * shape.width === 1
            ? [{ name: layer.name, shape: `1 x 1 x 1 x ${shape.channels}` }]
            : [],
    )
    .at(0)

/**
 * Refuses to train on a single value per channel, as PyTorch does: its variance is 0, so the result is the layer's shift
 * whatever the image is, and the running variance tends to 0.
 *
 * @param images that are normalised together
 * @param whose which images these are, for the error
 * @throws RunError for one image if a batch normalisation sees a single pixel of it; it names the layer and the shape
 */
export const checkMoments = (stage: string, architecture: Architecture, images: number, whose: string): void => {
  const found = images === 1 ? ofOnePixel(architecture) : undefined
  if (!found) return
  throw new PwoaFailure({
    _tag: 'RunError',
    stage,
    expected: `more than 1 value per channel in training for the batch normalisation "${found.name}"`,
    actual: `${found.shape} in ${whose}`,
    hint: 'Choose a batchSize that is larger than 1 and does not leave a single image over.',
  })
}
