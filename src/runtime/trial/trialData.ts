import { taskEither } from 'fp-ts/lib/TaskEither.js'
import { type DataSource, type Dataset, imageSize, type Split } from '../../dsl/dataset.js'
import { quickTrial } from '../../dsl/trial.js'

/** The images that a trial takes of a data set, spread evenly over it: folders have their images class by class. */
export const trialSource = (source: DataSource): DataSource => {
  const batchSize = Math.min(source.batchSize, quickTrial.batchSize)
  return {
    ...source,
    batchSize,
    config: { ...source.config, trial: quickTrial },
    open: (context) => taskEither.map(source.open(context), (data) => cut(data, batchSize)),
  }
}

/** Stands after the data's name wherever figures on it are shown. */
const label = ' (quick trial: no result)'

const cut = (data: Dataset, batchSize: number): Dataset => {
  const { examples, steps } = quickTrial
  const size = imageSize(data.shape)
  return {
    ...data,
    name: `${data.name}${label}`,
    train: spread(data.train, steps * batchSize, size),
    test: spread(data.test, examples, size),
    ...(data.validation ? { validation: spread(data.validation, examples, size) } : {}),
    trial: { ...quickTrial, available: data.test.count },
  }
}

/** As many images of a split, evenly spread. @param size values of an image */
const spread = ({ count: all, images, labels }: Split, most: number, size: number): Split => {
  const count = Math.min(all, most)
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * all) / count))
  const chosen = new Uint8Array(count * size)
  for (const [i, place] of places.entries()) chosen.set(images.subarray(place * size, (place + 1) * size), i * size)
  return { count, images: chosen, labels: Uint16Array.from(places, (place) => labels[place] ?? 0) }
}
