import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from './errors.js'
import type { Trial } from './trial.js'

/** Height, width and channels of one image. */
export interface ImageShape {
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** Images as plain bytes, with a label each: `images` is count × height × width × channels (NHWC), 0 … 255. */
export interface Split {
  readonly count: number
  readonly images: Uint8Array
  /** One class index (0 … classes − 1) per image. */
  readonly labels: Uint16Array
}

/** Random whole numbers, uniform in 0 … n − 1. */
export interface Dice {
  /** A whole number in 0 … n − 1. */
  readonly int: (n: number) => number
}

/** A random change of a training image, in bytes. Minibatches apply a list of them. */
export interface Augmentation {
  readonly name: string
  readonly config: Readonly<Record<string, number>>
  /** Writes the changed image, height × width × channels, into the whole of `out`; `image` is not changed. */
  readonly apply: (image: Uint8Array, out: Uint8Array, shape: ImageShape, dice: Dice) => void
}

/** An opened data set: its name, and its training and test images. */
export interface Dataset {
  /** The name that labels figures: `MNIST`, `synthetic digits`. */
  readonly name: string
  /** Where the pixels come from. Every figure on data that is not `original` is labelled with `name`. */
  readonly origin: 'original' | 'synthetic' | 'recompressed'
  readonly classes: number
  readonly shape: ImageShape
  readonly train: Split
  readonly test: Split
  /** Images kept out of training, for decisions during training; see `heldOut`. @default none */
  readonly validation?: Split
  /** Changes of training images, drawn again in each epoch, in order; test images are never changed. @default none */
  readonly augment?: readonly Augmentation[]
  /** Of the data of a quick trial: how far stages shorten their work. @default undefined, a run */
  readonly trial?: Trial
}

/** What stages must fit: the images of a data set, and its classes. */
export type DataFacts = Pick<Dataset, 'name' | 'classes' | 'shape'>

/** What a source found without decoding its images. */
export interface DataOutline {
  /** A line for `--plan`: where the data are, and what they are by their headers. */
  readonly says: string
  /** What is known of the images; undefined before they are downloaded. */
  readonly facts?: DataFacts | undefined
  /** Number of training images. @default unknown */
  readonly train?: number
}

/** What a source may use to find its data. */
export interface DataContext {
  /** `--data-dir`, absolute; undefined if it was not given. */
  readonly dataDir: string | undefined
  /** Seeds procedurally drawn data; a data set of files ignores it. */
  readonly seed: number
  /** Aborts a download. */
  readonly signal: AbortSignal
}

/** A data set that a pipeline can start from. Nothing is read before `open` runs. */
export interface DataSource {
  readonly name: string
  /** Printed and hashed as part of the plan. */
  readonly config: Readonly<Record<string, unknown>>
  /** Number of images in a minibatch. */
  readonly batchSize: number
  /** Finds and reads the files. */
  readonly open: (context: DataContext) => TaskEither<PwoaError, Dataset>
  /**
   * A hash of the contents of the files that `open` would read, the same on every machine; undefined for generated data
   * and for files as their authors published them, which name and options identify. Not part of the plan's hash.
   * @default undefined
   */
  readonly contents?: (context: Pick<DataContext, 'dataDir'>) => Promise<string | undefined>
  /**
   * Finds the files that `open` would read, and looks at their sizes and headers. It downloads and decodes nothing. A run
   * calls it before all else, and `--plan` prints what it says.
   * @default nothing is checked before `open`
   */
  readonly look?: (context: Pick<DataContext, 'dataDir'>) => TaskEither<PwoaError, DataOutline>
}

/** Number of values of one image. */
export const imageSize = ({ height, width, channels }: ImageShape): number => height * width * channels

/** How many images a data set has, of which shape and in how many classes: a text for `--plan`. */
export const outlineText = ({ shape, classes }: DataFacts, train: number, test: number): string =>
  `${train.toLocaleString('en')} training and ${test.toLocaleString('en')} test images of ` +
  `${shape.height} × ${shape.width} × ${shape.channels}, ${classes} classes`

/** Augmentations as a plan states them. */
export const augmentationConfig = (augment: readonly Augmentation[]): readonly Readonly<Record<string, unknown>>[] =>
  augment.map(({ name, config }) => ({ name, ...config }))
