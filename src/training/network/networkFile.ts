import type { DataFacts } from '../../dsl/dataset.js'
import { valueOf } from '../../dsl/errors.js'
import { positive, text } from '../../dsl/options/kinds.js'
import { readCheckpoint } from '../../io/checkpoints/readCheckpoint.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { type NamedNormalisation, normalisationOption } from '../../models/architecture/imageNormalisations.js'
import { normalisationOf, normalisationText, withNormalisation } from '../../models/parameters/normalisation.js'
import { type Described, type MaskedNetwork, selfDescribed } from '../../models/parameters/selfDescribed.js'
import { type FittingNetwork, fittingNetworks, sizedNetwork } from '../../models/zoo/families.js'
import { architectureOption, resolveArchitecture } from '../../models/zoo/zoo.js'
import { assumedNormalisation } from './assumedNormalisation.js'

/** How a network is read from a file: options of whatever reads one. */
export const networkFileFields = {
  /**
   * A name of the zoo (`mnistNet`, `resnet18`, `wideResnet34x10` … see `architectureNames`), whose width, classes and, for
   * `wideResnet` and `dmWideResnet`, depth and factor are read off the file; or a network made with `architecture(…)` or a
   * function (`resnet18({ width: 8 })`), which the file must have.
   * @default as the file describes it (ONNX files and safetensors of `exportModel` do), or the only network of the zoo that
   * it fits, with a warning
   */
  architecture: architectureOption().optional(
    'as the file describes it (ONNX files and safetensors of `exportModel` do), or the only network of the zoo that it fits, with a warning',
  ),
  /**
   * How the checkpoint's training code normalised images outside its network, by name (`'cifar10'`, `'imagenet'` …, `'none'`)
   * or as `{ mean, std }`; it becomes a part of the network, in place of the architecture's own.
   * @default as in the file (`mu` and `sigma`, `normalize.mean` and `normalize.std` …), that of the architecture, or none
   */
  normalisation: normalisationOption().optional(
    'as in the file (`mu` and `sigma`, `normalize.mean` and `normalize.std` …), that of the architecture, or none',
  ),
  /**
   * Where in a PyTorch file the network is, if the file holds several: `teacher`, `ema.shadow`, `state_dict.1` (the second
   * of a list), or a prefix of its tensors' names.
   * @default the only network, or the exponential average (`ema`) of several, with a warning
   */
  key: text('where in the file the network is').optional(
    'the only network, or the exponential average (`ema`) of several, with a warning',
  ),
  /**
   * How many times the usual memory and work reading the file may take, for a file that is refused because it takes more.
   * Usual are 512 MiB and 4 bytes for each byte of the file.
   * @default 1
   */
  readBudget: positive({ unit: 'times the usual budget' }).default(1),
}

/** How a network is read from a file. */
export interface NetworkFileChoices {
  readonly architecture: string | Architecture | undefined
  readonly normalisation: NamedNormalisation | undefined
  readonly key: string | undefined
  readonly readBudget: number
}

/** A network of a file. */
export interface FileNetwork extends MaskedNetwork {
  /** What was left out, and what was assumed, a sentence each. */
  readonly warnings: readonly string[]
}

const inPixels = (made: Architecture, normalisation: NamedNormalisation | undefined): Architecture =>
  normalisation === undefined ? made : withNormalisation(made, normalisation)

/**
 * The network that was named, with the normalisation that was stated; undefined if the file is to describe its own.
 *
 * @throws OptionError for an unknown name, or a normalisation of another number of channels
 */
export const namedNetwork = (
  stage: string,
  { architecture, normalisation }: Pick<NetworkFileChoices, 'architecture' | 'normalisation'>,
): Architecture | undefined =>
  architecture === undefined ? undefined : inPixels(resolveArchitecture(stage, architecture), normalisation)

/**
 * Reads a network: its file, and what stands there or was chosen.
 *
 * @param data what it is read for: a file without a last layer gets their classes. @default unknown
 * @throws FileError for a file that can't be read, or is of another network; OptionError for an unknown architecture
 */
export const readNetworkFile = async (
  stage: string,
  file: string,
  choices: NetworkFileChoices,
  data?: DataFacts,
): Promise<FileNetwork> => {
  const { normalisation, key, readBudget } = choices
  const budget = { times: readBudget, option: 'readBudget' }
  const checkpoint = valueOf(await readCheckpoint(file, { stage, key, budget })())
  const fitting = choices.architecture === undefined ? onlyFit(checkpoint) : undefined
  const named = choices.architecture ?? fitting?.name
  const sizes = data && { classes: data.classes, side: data.shape.height }
  const wanted =
    typeof named === 'string'
      ? inPixels(sizedNetwork(stage, named, checkpoint.tensors, sizes).architecture, normalisation)
      : namedNetwork(stage, { architecture: named, normalisation })
  const network = valueOf(selfDescribed(stage, file, checkpoint, wanted, normalisation))
  const assumed = assumedNormalisation(network.architecture, {
    isStated: normalisation !== undefined || checkpoint.isComplete === true,
    layers: named === undefined ? 'file' : 'named',
  })
  const taken = fitting === undefined ? [] : [takenFor(network.architecture)]
  return {
    ...network,
    warnings: [...(checkpoint.warnings ?? []), ...taken, ...(assumed === undefined ? [] : [assumed])],
  }
}

/** The only network of the zoo that tensors without a description fit; undefined if none does, or several. */
const onlyFit = ({ tensors, metadata }: Described): FittingNetwork | undefined => {
  if (metadata.description !== undefined) return undefined
  const [first, ...others] = fittingNetworks(tensors)
  return others.length === 0 ? first : undefined
}

/** Tensors do not say all of a network: the user has to know what was taken for granted. */
const takenFor = (architecture: Architecture): string => {
  const own = normalisationOf(architecture)
  return `it is read as ${architecture.name}, the only network with a name whose tensors it has${own ? `, with the normalisation ${normalisationText(own)}` : ''}; the option architecture names another`
}

/** Reads a network for a look ahead, and once more only if that was not for the same data. */
export interface NetworkFileReader {
  /** Reads it, and keeps it until the next `take`. */
  readonly look: (data: DataFacts | undefined) => Promise<FileNetwork>
  /** The network that was looked at, which is then let go; or else it is read. */
  readonly take: (data: DataFacts) => Promise<FileNetwork>
}

/** A reader of one file, for a stage: what its `look` has read is not read again at the first step. */
export const networkFileReader = (stage: string, file: string, choices: NetworkFileChoices): NetworkFileReader => {
  const sizes = (data: DataFacts | undefined): string => JSON.stringify([data?.classes, data?.shape])
  let kept: { readonly sizes: string; readonly network: FileNetwork } | undefined
  return {
    look: async (data) => {
      const network = await readNetworkFile(stage, file, choices, data)
      kept = { sizes: sizes(data), network }
      return network
    },
    take: async (data) => {
      const before = kept
      kept = undefined
      return before?.sizes === sizes(data) ? before.network : readNetworkFile(stage, file, choices, data)
    },
  }
}
