import { resolve } from 'node:path'
import type { DataContext } from '../dsl/dataset.js'
import { rejectOption } from '../dsl/errors.js'

/** Refuses an empty `dataDir`. @throws OptionError */
export const checkFolder = (stage: string, dataDir: string | undefined): void => {
  if (dataDir === '') rejectOption(stage, 'dataDir to be a folder', '""')
}

/** The folder of a data set, absolute: that of the run, else that of the source; undefined where neither names one. */
export const dataFolder = (context: Pick<DataContext, 'dataDir'>, dataDir: string | undefined): string | undefined =>
  context.dataDir ?? (dataDir === undefined ? undefined : resolve(dataDir))
