import { type Either, tryCatch } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type DataOutline, type DataSource, type Dataset, imageSize, type Split } from '../../dsl/dataset.js'
import { type PwoaError, rejectOption, toPwoaError, valueOfTask } from '../../dsl/errors.js'
import { readArgument } from '../../dsl/options/declare.js'
import { made, whole } from '../../dsl/options/kinds.js'

const STAGE = 'heldOut'

const dataOption = () => made<DataSource>('a data source, such as mnist()', (value) => 'open' in value)

/**
 * The same data with the last `examples` training images kept out of training. `earlyStop` decides by these images, so
 * the test set decides nothing.
 *
 * @param examples images, ≥ 1
 * @example
 * pipeline('teacher', heldOut(mnist(), 1000))
 * @throws OptionError for fewer than 1 example; when opened, for as many examples as there are training images, or more
 * Source: Rice, Wong, Kolter, "Overfitting in adversarially robust deep learning", ICML 2020 (1,000 images).
 */
export const heldOut = (source: DataSource, examples: number): DataSource => {
  readArgument(STAGE, 'data', dataOption(), source)
  readArgument(STAGE, 'examples', whole(1), examples)
  const { look } = source
  return {
    ...source,
    ...(look ? { look: (context) => TE.chainEitherK(lookHeldOut(examples))(look(context)) } : {}),
    config: { ...source.config, heldOut: examples },
    open: (context) =>
      TE.tryCatch(
        async () => withHeldOut(await valueOfTask(source.open(context)), examples),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
  }
}

const lookHeldOut =
  (examples: number) =>
  (outline: DataOutline): Either<PwoaError, DataOutline> =>
    tryCatch(
      () => {
        if (outline.train === undefined) return outline
        const train = leftOf(outline.train, examples)
        return { ...outline, train, says: `${outline.says}, ${examples.toLocaleString('en')} held out of training` }
      },
      (thrown) => toPwoaError(STAGE, thrown),
    )

/** How many training images are left. @throws OptionError if none are */
const leftOf = (count: number, examples: number): number =>
  examples < count
    ? count - examples
    : rejectOption(STAGE, `fewer examples than the ${count} of the training set`, examples)

const withHeldOut = (data: Dataset, examples: number): Dataset => {
  const { train, shape } = data
  const left = leftOf(train.count, examples)
  const size = imageSize(shape)
  const part = (from: number, count: number): Split => ({
    count,
    images: train.images.subarray(from * size, (from + count) * size),
    labels: train.labels.subarray(from, from + count),
  })
  return { ...data, train: part(0, left), validation: part(left, examples) }
}
