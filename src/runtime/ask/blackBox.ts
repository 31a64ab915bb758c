import { evaluateAsked } from '../../attacks/evaluation/evaluateAsked.js'
import { imageSize } from '../../dsl/dataset.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { callback, choice, whole } from '../../dsl/options/kinds.js'
import { arraysShapeOptions } from '../../io/datasets/arrays/fromArrays.js'
import { type AskedNetwork, askedFields, readAttack } from './askedNetwork.js'
import { never, reportOf } from './attackReport.js'
import { type Images, valuesOf } from './givenImages.js'
import { guessesOf, labelsFor } from './guesses.js'
import { pictureFor } from './picture.js'

const STAGE = 'blackBox'

/** Images in [0, 1] and their extents, to the logits of all of them, row by row. */
type Logits = (
  images: Float32Array,
  dims: readonly [number, number, number, number],
) => ArrayLike<number> | Promise<ArrayLike<number>>

/** What {@link blackBox} takes. */
export const blackBoxOptions = declareOptions(STAGE, {
  /** Height, width and channels of an image. */
  input: arraysShapeOptions.asOption(),
  /** Number of classes, ≥ 2. */
  classes: whole(2),
  /** Receives images in [0, 1] with their four extents, and returns the logits of all, row by row, or a promise of them. */
  logits: callback<Logits>('a function of images that returns their logits'),
  /** The order in which it takes the values of an image: the channels last, or first as PyTorch and ONNX. @default 'NHWC' */
  layout: choice(['NHWC', 'NCHW']).default('NHWC'),
  ...askedFields,
})

/** Options of {@link blackBox}. */
export interface BlackBoxOptions extends OptionsOf<typeof blackBoxOptions> {}

/** A network elsewhere, of which only the answers are known: what {@link blackBox} returns. */
export interface BlackBox extends AskedNetwork {
  /** n × height × width × channels in [0, 1] (or bytes) to n × classes, row by row. */
  readonly logits: (images: Images) => Promise<Float32Array>
  /** As `attack` of a loaded network, by an attack that uses logits alone, such as `square`. */
  readonly attack: AskedNetwork['attack']
}

/**
 * Any function as a network: a session of ONNX Runtime, a service, a program on a device. It can be asked and attacked
 * through its answers alone, because it has no gradients. No engine is loaded.
 *
 * @example
 * import { blackBox, square } from 'pwoa'
 * type Session = { run: (feeds: object) => Promise<Record<string, { data: Float32Array }>> }
 * const attack = (session: Session, Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => object) =>
 *   blackBox({
 *     input: { height: 32, width: 32, channels: 3 }, classes: 10, layout: 'NCHW',
 *     logits: async (images, dims) =>
 *       (await session.run({ images: new Tensor('float32', images, dims) })).logits?.data ?? [],
 *   }).attack(square({ epsilon: 8 / 255, queries: 1000 }), new Uint8Array(32 * 32 * 3), [3])
 * @throws OptionError for a wrong option; `attack` rejects with an OptionError for an attack that needs gradients, and
 * with a RunError for logits that are not finite or not as many as images times classes
 */
export const blackBox = (options: BlackBoxOptions): BlackBox => {
  const { input, classes, logits, layout, labels: named } = blackBoxOptions.read(options)
  const { height, width, channels } = input
  const labels = labelsFor(STAGE, named, classes)
  const size = imageSize(input)
  const answers = async (images: Float32Array, count: number): Promise<Float32Array> => {
    const given = layout === 'NHWC' ? images : channelsFirst(images, height * width, channels)
    const dims =
      layout === 'NHWC' ? ([count, height, width, channels] as const) : ([count, channels, height, width] as const)
    return checkedLogits(Float32Array.from(await logits(given, dims)), count, classes)
  }
  return {
    logits: async (images) => {
      const values = valuesOf('logits', images, input)
      return answers(values, values.length / size)
    },
    classify: async (picture) => guessesOf(await answers(await pictureFor('classify', picture, input), 1), labels),
    attack: (...given) => {
      const read = readAttack(given, { input, classes })
      const { attack, values, shape, labels: truth } = read
      const { batchSize, seed, signal = never() } = read.options
      const work = { stage: 'attack', answers, attack, images: values, shape, classes: truth, batchSize, seed, signal }
      return evaluateAsked(work).then(({ outcomes, adversarial }) => reportOf(outcomes, adversarial, []))
    },
  }
}

/** The values of images in the order channels × height × width. */
const channelsFirst = (images: Float32Array, pixels: number, channels: number): Float32Array => {
  const moved = new Float32Array(images.length)
  for (let i = 0; i < images.length; i++) {
    const within = i % (pixels * channels)
    const channel = within % channels
    moved[i - within + channel * pixels + (within - channel) / channels] = images[i] ?? 0
  }
  return moved
}

const checkedLogits = (logits: Float32Array, count: number, classes: number): Float32Array => {
  const refuse = (expected: string, actual: string): never => {
    throw new PwoaFailure({ _tag: 'RunError', stage: STAGE, expected, actual })
  }
  if (logits.length !== count * classes)
    refuse(`${count * classes} logits, ${classes} for each of ${count} images`, `${logits.length}`)
  const broken = logits.find((value) => !Number.isFinite(value))
  return broken === undefined ? logits : refuse('finite logits', `${broken}`)
}
