import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../../dsl/errors.js'
import type { Architecture } from '../architecture/architecture.js'
import { described, type WrongDescription } from '../architecture/description.js'
import type { Normalisation } from '../architecture/layer.js'
import { describedMask, maskOf } from './masks.js'
import { withNormalisation } from './normalisation.js'
import { type ReadNetwork, readNetwork } from './readNetwork.js'
import type { NamedTensors } from './weights.js'

/** A file's tensors and metadata; `exportModel` writes the description of the network into the metadata. */
export interface Described {
  readonly tensors: NamedTensors
  readonly metadata: Readonly<Record<string, string>>
  /** Masks beside the tensors, by their names: 1 for a kept number, 0 for a pruned one. @default none */
  readonly masks?: NamedTensors
  /** What stands among the tensors and can't be read as one: what it is, by name. @default nothing */
  readonly skipped?: ReadonlyMap<string, string>
}

/** A trained network with its mask. */
export interface MaskedNetwork extends ReadNetwork {
  /** 1 for a kept parameter, 0 for a pruned one; undefined if it is not known which are pruned. */
  readonly mask: Float32Array | undefined
}

/**
 * Reads the network of a file.
 *
 * @param given the architecture of its tensors. @default the one that the file describes
 * @param normalisation added to the network that the file describes
 * @returns left if the file has no description and none is given, or if its tensors are not those of the network
 * @throws OptionError for a normalisation if the network already has one
 */
export const selfDescribed = (
  stage: string,
  file: string,
  { tensors, metadata, masks: beside = new Map(), skipped = new Map() }: Described,
  given?: Architecture,
  normalisation?: Normalisation,
): Either<FileError, MaskedNetwork> => {
  const refuse = ({ expected, actual }: WrongDescription, hint?: string): Either<FileError, never> =>
    left({ _tag: 'FileError', stage, file, expected, actual, ...(hint ? { hint } : {}) })
  const { description, masks } = metadata
  if (given === undefined && description === undefined)
    return refuse({ expected: 'a file that describes its network', actual: 'only tensors' }, NAME_IT)
  const known = given ? right(given) : described(description ?? '')
  if (isLeft(known)) return refuse(known.left)
  const wanted = given || !normalisation ? known.right : withNormalisation(known.right, normalisation)
  const network = readNetwork(stage, file, wanted, tensors)
  if (isLeft(network)) return left(withSkipped(network.left, skipped))
  if (beside.size > 0) return right({ ...network.right, mask: maskOf(network.right.architecture, beside) })
  const mask = masks === undefined ? right(undefined) : describedMask(network.right.architecture, masks)
  return isLeft(mask) ? refuse(mask.left) : right({ ...network.right, mask: mask.right })
}

/** Adds to an error about missing tensors what stands among them and can't be read as a tensor. */
const withSkipped = (error: FileError, skipped: ReadonlyMap<string, string>): FileError => {
  if (skipped.size === 0) return error
  const shown = [...skipped].slice(0, 5).map(([name, what]) => `${JSON.stringify(name)} is ${what}`)
  const more = skipped.size > shown.length ? ` … (${skipped.size} in all)` : ''
  const sentence = `Not read: ${shown.join('; ')}${more}.`
  return { ...error, hint: error.hint === undefined ? sentence : `${error.hint} ${sentence}` }
}

const NAME_IT =
  'Name its architecture. Only ONNX files and the safetensors files of exportModel describe their network.'
