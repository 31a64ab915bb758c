import { resolve } from 'node:path'
import type { DataContext } from '../../../dsl/dataset.js'
import { rejectOption } from '../../../dsl/errors.js'

/** Number of images in a minibatch where a source is given none. */
export const DEFAULT_BATCH_SIZE = 128

/** Refuses an option that is no integer within [least, most], by a `PwoaFailure` with an `OptionError`. */
export const checkInteger = (stage: string, option: string, value: number, least: number, most: number): void => {
  if (!Number.isInteger(value) || value < least || value > most) {
    rejectOption(stage, `${option} to be an integer from ${least} to ${most}`, value)
  }
}

/** Refuses a batch size that is no integer from 1 to 65,536. */
export const checkBatchSize = (stage: string, batchSize: number): void =>
  checkInteger(stage, 'batchSize', batchSize, 1, 65_536)

/** Refuses an empty `dataDir`. @throws OptionError */
export const checkFolder = (stage: string, dataDir: string | undefined): void => {
  if (dataDir === '') rejectOption(stage, 'dataDir to be a folder', '""')
}

/** The folder of a data set, absolute: that of the run, else that of the source; undefined where neither names one. */
export const dataFolder = (context: Pick<DataContext, 'dataDir'>, dataDir: string | undefined): string | undefined =>
  context.dataDir ?? (dataDir === undefined ? undefined : resolve(dataDir))
