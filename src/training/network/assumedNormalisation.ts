import type { Architecture } from '../../models/architecture/architecture.js'
import { normalisationOf } from '../../models/parameters/normalisation.js'

/** What is known of a network beside its layers. */
export interface Origin {
  /** Whether the user stated a normalisation, or the file states all of its network. */
  readonly isStated: boolean
  /** Where the layers are from: the file, or an architecture that the user named. */
  readonly layers: 'file' | 'named'
}

/**
 * What was assumed of the normalisation of a network's images, if neither the network nor its user says; undefined if
 * nothing was assumed. A grey image is hardly ever normalised, except in an ONNX file.
 */
export const assumedNormalisation = (architecture: Architecture, { isStated, layers }: Origin): string | undefined => {
  if (isStated || normalisationOf(architecture) !== undefined) return undefined
  return layers === 'file' || architecture.input.channels > 1 ? ASSUMED : undefined
}

const ASSUMED =
  "it does not say how its images were normalised. They are read as pixels in [0, 1], which normalisation: 'none' confirms; " +
  "'cifar10', 'cifar100', 'imagenet', 'mnist' or { mean, std } is another"
