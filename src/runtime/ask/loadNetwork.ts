import type { Tensor2D } from '@tensorflow/tfjs-core'
import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { declareOptions, type OptionsOf, readArgument } from '../../dsl/options/declare.js'
import { choice, text } from '../../dsl/options/kinds.js'
import { engineChoices } from '../../dsl/pipeline/engineChoice.js'
import { loadEngine } from '../../engine/load/loadEngine.js'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { parallelOf } from '../../models/parameters/statistics.js'
import { Student } from '../../training/network/network.js'
import { networkFileFields, readNetworkFile } from '../../training/network/networkFile.js'
import { type AskedNetwork, askedFields, readAttack } from './askedNetwork.js'
import { attackNetwork } from './attackNetwork.js'
import { type Images, valuesOf } from './givenImages.js'
import { guessesOf, labelsFor } from './guesses.js'
import { pictureFor } from './picture.js'

const STAGE = 'loadNetwork'

/** What {@link loadNetwork} takes. */
export const loadNetworkOptions = declareOptions(STAGE, {
  ...networkFileFields,
  ...askedFields,
  /** The engine that computes. @default 'auto', the best that loads */
  engine: choice(engineChoices).default('auto'),
})

/** Options of {@link loadNetwork}. */
export interface LoadNetworkOptions extends OptionsOf<typeof loadNetworkOptions> {}

/** A network that answers: what {@link loadNetwork} returns. */
export interface LoadedNetwork extends AskedNetwork {
  readonly architecture: Architecture
  /** The size of its images. */
  readonly input: ImageShape
  /** Names of its classes, in the order of their numbers. */
  readonly labels: readonly string[]
  /** What of the file was left out or assumed, a sentence each. */
  readonly warnings: readonly string[]
  /** The engine that computes, in a line. */
  readonly engine: string
  /** n × height × width × channels in [0, 1] (or bytes) to n × classes, by the running statistics. You dispose the tensor. */
  readonly logits: (images: Images) => Tensor2D
  /** Frees its tensors. */
  readonly dispose: () => void
}

/**
 * Reads a network to ask it in code, without a pipeline: a file of `exportModel`, an ONNX file, or a checkpoint as its
 * authors released it, whose architecture you name. Loads an engine, so that `tf` works afterwards.
 *
 * @example
 * import { autoAttack, loadNetwork } from 'pwoa'
 * const ask = async (images: Float32Array, labels: readonly number[]) => {
 *   const net = await loadNetwork('pruned.safetensors', { labels: 'cifar10' })
 *   const [best] = await net.classify('cat.png')
 *   const { clean, robust } = await net.attack(autoAttack({ epsilon: 8 / 255 }), images, labels)
 *   return { best, clean, robust }
 * }
 * @param file path, relative to the working folder
 * @throws OptionError for a wrong option or another number of labels than classes; FileError as `loadTeacher`
 */
export const loadNetwork = (file: string, options: LoadNetworkOptions = {}): Promise<LoadedNetwork> => {
  readArgument(STAGE, 'file', text('the path of a file'), file)
  return load(file, loadNetworkOptions.read(options))
}

const load = async (
  file: string,
  { labels: named, engine: choice, ...choices }: ReturnType<typeof loadNetworkOptions.read>,
): Promise<LoadedNetwork> => {
  const { architecture, weights, statistics, warnings } = await readNetworkFile(STAGE, file, choices)
  const labels = labelsFor(STAGE, named, architecture.classes)
  const { description: engine } = await loadEngine(choice, parallelOf(architecture))
  const network = new Student(architecture, weights, statistics)
  const { input } = architecture
  const { height, width, channels } = input
  const logits = (stage: string, images: Images): Tensor2D => {
    const values = valuesOf(stage, images, input)
    const count = values.length / imageSize(input)
    return tf.tidy(() => network.logits(tf.tensor4d(values, [count, height, width, channels])))
  }
  return {
    architecture,
    input,
    labels,
    warnings,
    engine,
    logits: (images) => logits('logits', images),
    classify: async (picture) => {
      const found = logits('classify', await pictureFor('classify', picture, input))
      const guesses = guessesOf(found.dataSync<'float32'>(), labels)
      found.dispose()
      return guesses
    },
    attack: (...given) => {
      const { attack, options, ...examples } = readAttack(given, architecture)
      return attackNetwork(network, attack, examples, options)
    },
    dispose: () => network.dispose(),
  }
}
