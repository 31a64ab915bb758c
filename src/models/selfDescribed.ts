import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../dsl/errors.js'
import type { Architecture } from './architecture.js'
import { described, type WrongDescription } from './description.js'
import { describedMask } from './masks.js'
import { type NamedTensors, packStatistics, packWeights } from './weights.js'

/** A file's tensors, and the text beside them: what `exportModel` writes there says which network they are of. */
export interface Described {
  readonly tensors: NamedTensors
  readonly metadata: Readonly<Record<string, string>>
}

/** A network that was read. */
export interface FilledNetwork {
  readonly architecture: Architecture
  /** Flat, in the engine's layout; see `parametersOf`. */
  readonly weights: Float32Array
  /** Flat; see `statisticsOf`. */
  readonly statistics: Float32Array
  /** 1 where a parameter is kept and 0 where it is pruned; undefined where the file has none. */
  readonly mask: Float32Array | undefined
}

/**
 * The network of a file.
 *
 * @param given the architecture to go by. @default the one that the file describes
 * @returns left where the file describes none, or holds other tensors than its network
 */
export const selfDescribed = (
  stage: string,
  file: string,
  { tensors, metadata }: Described,
  given?: Architecture,
): Either<FileError, FilledNetwork> => {
  const refuse = ({ expected, actual }: WrongDescription, hint?: string): Either<FileError, never> =>
    left({ _tag: 'FileError', stage, file, expected, actual, ...(hint ? { hint } : {}) })
  const { description, masks } = metadata
  if (given === undefined && description === undefined)
    return refuse({ expected: 'a file that describes its network', actual: 'tensors alone' }, NAME_IT)
  const architecture = given ? right(given) : described(description ?? '')
  if (isLeft(architecture)) return refuse(architecture.left)
  const weights = packWeights(stage, file, architecture.right, tensors)
  if (isLeft(weights)) return weights
  const statistics = packStatistics(stage, file, architecture.right, tensors)
  if (isLeft(statistics)) return statistics
  const mask = masks === undefined ? right(undefined) : describedMask(architecture.right, masks)
  if (isLeft(mask)) return refuse(mask.left)
  return right({
    architecture: architecture.right,
    weights: weights.right,
    statistics: statistics.right,
    mask: mask.right,
  })
}

const NAME_IT = 'Name its architecture: ONNX files, and safetensors of exportModel, have it in them; others do not.'
