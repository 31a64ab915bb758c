import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import { objectRuns } from './objectRuns.js'
import type { RunStorage } from './runStorage.js'
import type { RunsPlace } from './runsPlace.js'
import { openS3, s3Secrets } from './s3Objects.js'
import { makeScratch } from './scratch.js'
import { sharedRuns } from './sharedRuns.js'

/** How the storage of runs is opened. */
export interface StorageOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The options of the runs. If they set an interval, every checkpoint is saved. */
  readonly checkpoints: CheckpointOptions
  readonly say: (message: string) => void
}

/** Seconds for which a store that can't be reached is retried: while the worker runs, and while it stops. */
const PATIENCE = 300
const HURRIED = 20

/** Share of a run's time that saving it may take, if the options set no interval. */
const SHARE = 0.02

/**
 * Opens the storage of runs. Access to a bucket is tested first.
 *
 * @throws OptionError for a bucket that is missing or forbidden; RunError if the store does not answer
 */
export const openRunStorage = async (place: RunsPlace, options: StorageOptions): Promise<RunStorage> => {
  if (place.type === 'folder') return sharedRuns(place.folder)
  const { environment, checkpoints, say } = options
  let patience = PATIENCE
  const objects = await openS3(place, { environment, patience: () => patience, say })
  const scratch = makeScratch()
  const asked = checkpoints.everySteps !== undefined || checkpoints.everySeconds !== undefined
  return objectRuns(objects, {
    scratch: scratch.folder,
    share: asked ? 1 : SHARE,
    secrets: s3Secrets,
    hurry: () => {
      patience = HURRIED
    },
    close: () => {
      scratch.remove()
      objects.close()
    },
    say,
  })
}
