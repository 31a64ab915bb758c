import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../../dsl/errors.js'
import { inspectCommand } from '../../dsl/kit/shellWord.js'
import type { Architecture } from '../architecture/architecture.js'
import { described, type WrongDescription } from '../architecture/description.js'
import { type NamedNormalisation, numbersOf } from '../architecture/imageNormalisations.js'
import { describedMask, maskOf } from './masks.js'
import { normalisationOf, normalisationText, sameNormalisation, withNormalisation } from './normalisation.js'
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
 * @param normalisation that of its images. @default the one in the file or of the architecture, or none
 * @returns left if the file has no description and none is given, if its tensors are not those of the network, or if it has
 * another normalisation
 * @throws OptionError for a normalisation of another number of channels
 */
export const selfDescribed = (
  stage: string,
  file: string,
  { tensors, metadata, masks: beside = new Map(), skipped = new Map() }: Described,
  given?: Architecture,
  normalisation?: NamedNormalisation,
): Either<FileError, MaskedNetwork> => {
  const refuse = ({ expected, actual }: WrongDescription, hint?: string): Either<FileError, never> =>
    left({ _tag: 'FileError', stage, file, expected, actual, ...(hint ? { hint } : {}) })
  const { description, masks } = metadata
  if (given === undefined && description === undefined)
    return refuse({ expected: 'a file that describes its network', actual: 'only tensors' }, nameIt(file))
  const known = given ? right(given) : described(description ?? '')
  if (isLeft(known)) return refuse(known.left)
  const other = given === undefined ? otherNormalisation(known.right, normalisation) : undefined
  if (other) return refuse(other)
  const wanted = normalisation === undefined ? known.right : withNormalisation(known.right, normalisation)
  const network = readNetwork(stage, file, wanted, tensors)
  if (isLeft(network)) {
    const hint = given === undefined || description === undefined ? undefined : OWN
    return left(withSkipped(withHint(network.left, hint), skipped))
  }
  const found = otherNormalisation(network.right.architecture, normalisation)
  if (found) return refuse(found)
  if (beside.size > 0) return right({ ...network.right, mask: maskOf(network.right.architecture, beside) })
  const mask = masks === undefined ? right(undefined) : describedMask(network.right.architecture, masks)
  return isLeft(mask) ? refuse(mask.left) : right({ ...network.right, mask: mask.right })
}

/** What is wrong if a file holds a normalisation, and another one is given. */
const otherNormalisation = (
  network: Architecture,
  given: NamedNormalisation | undefined,
): WrongDescription | undefined => {
  const own = normalisationOf(network)
  if (own === undefined || given === undefined) return undefined
  const wanted = numbersOf(given)
  if (wanted && sameNormalisation(own, wanted)) return undefined
  const text = wanted ? `the normalisation ${normalisationText(wanted)}` : 'no normalisation'
  return { expected: `a file of a network with ${text}`, actual: normalisationText(own) }
}

/** Adds to an error about missing tensors what stands among them and can't be read as a tensor. */
const withSkipped = (error: FileError, skipped: ReadonlyMap<string, string>): FileError => {
  if (skipped.size === 0) return error
  const shown = [...skipped].slice(0, 5).map(([name, what]) => `${JSON.stringify(name)} is ${what}`)
  const more = skipped.size > shown.length ? ` … (${skipped.size} in all)` : ''
  return withHint(error, `Not read: ${shown.join('; ')}${more}.`)
}

const withHint = (error: FileError, sentence: string | undefined): FileError => {
  if (sentence === undefined) return error
  return { ...error, hint: error.hint === undefined ? sentence : `${error.hint} ${sentence}` }
}

/** After an error about a network that was named. */
const OWN = 'The file describes its own network: leave out the architecture to read it.'

const nameIt = (file: string): string =>
  'Name its architecture: only ONNX files and the safetensors files of exportModel describe their network. ' +
  `\`${inspectCommand(file)}\` lists the networks that it fits.`
