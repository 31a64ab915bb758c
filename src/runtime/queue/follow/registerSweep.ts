import { basename, relative, resolve, sep } from 'node:path'
import { given } from '../../../dsl/kit/given.js'
import type { RunOptions } from '../../../dsl/pipeline/run.js'
import { fileName } from '../../folder/folderNames.js'
import { ownVersion } from '../../host/ownPackage.js'
import type { RedisLink } from '../openRedis.js'
import { isOfSameFolder, type QueuedSweep, sweepIdOf } from '../queuedSweep.js'
import { removeQueue } from '../sweepQueues.js'
import type { SweepRegistry } from '../sweepRegistry.js'
import { numberOfFolder } from './queueFolder.js'

/** What a sweep says about itself in a queue. */
export interface RegisterOptions extends Pick<QueuedSweep, 'values' | 'priority' | 'pointTimeout' | 'progressTimeout'> {
  /** The pipeline file, absolute. */
  readonly file: string
  /** The folder of pipelines that contains it; each worker has a folder like it. */
  readonly pipelines: string
  /** The sweep's folder; workers write into a folder of the same name. */
  readonly folder: string
}

/**
 * Puts a sweep into the queue, without points. What another version of the pipeline file has left there for the same folder
 * is removed: no worker may run it.
 *
 * @throws FileError for a damaged number of the folder; WriteError
 */
export const registerSweep = async (
  registry: SweepRegistry,
  link: RedisLink,
  options: RegisterOptions,
  fileVersion: string,
  trial: RunOptions['trial'],
): Promise<QueuedSweep> => {
  const { file, pipelines, values, priority, pointTimeout, progressTimeout } = options
  const folder = fileName(basename(options.folder))
  const id = sweepIdOf(folder, await numberOfFolder(options.folder), fileVersion)
  for (const other of await registry.list()) {
    if (other.id === id || !isOfSameFolder(other.id, id)) continue
    await removeQueue(link, other.id)
    await registry.forget(other.id)
  }
  const sweep: QueuedSweep = {
    id,
    version: ownVersion(),
    file: relative(resolve(pipelines), file).split(sep).join('/'),
    fileVersion,
    values: { ...values },
    folder,
    priority,
    points: 0,
    created: Date.now(),
    ...given({ pointTimeout, progressTimeout, trial }),
  }
  await registry.put(sweep)
  return sweep
}
