import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../dsl/errors.js'
import type { Architecture } from './architecture.js'
import { described, type WrongDescription } from './description.js'
import type { Normalisation } from './layers.js'
import { describedMask } from './masks.js'
import { withNormalisation } from './normalisation.js'
import { type ReadNetwork, readNetwork } from './readNetwork.js'
import type { NamedTensors } from './weights.js'

/** A file's tensors, and the text beside them: what `exportModel` writes there says which network they are of. */
export interface Described {
  readonly tensors: NamedTensors
  readonly metadata: Readonly<Record<string, string>>
}

/** A network as it was trained. */
export interface MaskedNetwork extends ReadNetwork {
  /** 1 where a parameter is kept and 0 where it is pruned; undefined where nothing is known to be pruned. */
  readonly mask: Float32Array | undefined
}

/**
 * The network of a file.
 *
 * @param given the architecture to go by. @default the one that the file describes
 * @param normalisation becomes a part of a network that the file describes
 * @returns left where the file describes none, or holds other tensors than its network
 * @throws OptionError for a normalisation beside one of the network's own
 */
export const selfDescribed = (
  stage: string,
  file: string,
  { tensors, metadata }: Described,
  given?: Architecture,
  normalisation?: Normalisation,
): Either<FileError, MaskedNetwork> => {
  const refuse = ({ expected, actual }: WrongDescription, hint?: string): Either<FileError, never> =>
    left({ _tag: 'FileError', stage, file, expected, actual, ...(hint ? { hint } : {}) })
  const { description, masks } = metadata
  if (given === undefined && description === undefined)
    return refuse({ expected: 'a file that describes its network', actual: 'tensors alone' }, NAME_IT)
  const known = given ? right(given) : described(description ?? '')
  if (isLeft(known)) return refuse(known.left)
  const wanted = given || !normalisation ? known.right : withNormalisation(known.right, normalisation)
  const network = readNetwork(stage, file, wanted, tensors)
  if (isLeft(network)) return network
  const mask = masks === undefined ? right(undefined) : describedMask(network.right.architecture, masks)
  return isLeft(mask) ? refuse(mask.left) : right({ ...network.right, mask: mask.right })
}

const NAME_IT = 'Name its architecture: ONNX files, and safetensors of exportModel, have it in them; others do not.'
