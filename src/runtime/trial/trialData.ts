import { taskEither } from 'fp-ts/lib/TaskEither.js'
import { type DataSource, type Dataset, imageSize, type Split } from '../../dsl/dataset.js'
import { given } from '../../dsl/kit/given.js'
import type { Meter, Trial, TrialSize } from '../../dsl/trial.js'

/**
 * The images that a trial takes of a data set, spread evenly over it: folders have their images class by class.
 *
 * @param meter receives what the whole data set is, if the trial is measured
 */
export const trialSource = (source: DataSource, trial: TrialSize, meter?: Meter): DataSource => {
  const batchSize = Math.min(source.batchSize, trial.batchSize)
  return {
    ...source,
    batchSize,
    config: { ...source.config, trial },
    open: (context) => {
      const began = performance.now()
      return taskEither.map(source.open(context), (data) => {
        meter?.opened({ train: data.train.count, seconds: (performance.now() - began) / 1000 })
        const whole = { available: data.test.count, heldOut: data.validation?.count ?? 0 }
        return cut(data, { ...trial, ...whole, batchSize, ...given({ meter }) })
      })
    },
  }
}

/** Stands after the data's name wherever figures on it are shown. */
const label = ' (quick trial: no result)'

const cut = (data: Dataset, trial: Trial): Dataset => {
  const { examples, steps, batchSize } = trial
  const size = imageSize(data.shape)
  return {
    ...data,
    name: `${data.name}${label}`,
    train: spread(data.train, steps * batchSize, size),
    test: spread(data.test, examples, size),
    ...(data.validation ? { validation: spread(data.validation, examples, size) } : {}),
    trial,
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
