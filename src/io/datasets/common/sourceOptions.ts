import { resolve } from 'node:path'
import type { DataContext } from '../../../dsl/dataset.js'
import { text, whole } from '../../../dsl/options/kinds.js'

/** An option: images in a minibatch, 1 … 65,536. */
export const batchSizeOption = () => whole(1, { most: 65_536, unit: 'images' })

/** An option: the folder of the data, which `--data-dir` overrides. */
export const dataDirOption = (otherwise: string) => text('the path of a folder').optional(otherwise)

/** The folder of a data set, absolute: that of the run, else that of the source; undefined if neither names one. */
export const dataFolder = (context: Pick<DataContext, 'dataDir'>, dataDir: string | undefined): string | undefined =>
  context.dataDir ?? (dataDir === undefined ? undefined : resolve(dataDir))
