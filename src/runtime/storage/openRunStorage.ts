import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import { objectRuns } from './objectRuns.js'
import type { RunStorage } from './runStorage.js'
import type { RunsPlace } from './runsPlace.js'
import { openS3, s3Secrets } from './s3Objects.js'
import { makeScratch } from './scratch.js'
import { sharedRuns } from './sharedRuns.js'

/** How the place of runs is opened. */
export interface StorageOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Those of the runs: who asks for an interval gets every checkpoint saved. */
  readonly checkpoints: CheckpointOptions
  readonly say: (message: string) => void
}

/** Seconds for which a store is waited for: while it works, and when the worker is told to leave. */
const PATIENCE = 300
const HURRIED = 20

/** Share of a run's time that saving it may take, where no interval is asked for. */
const SHARE = 0.02

/**
 * Opens the place where runs are kept. A bucket is looked at first.
 *
 * @throws an `OptionError` for a bucket that is missing or forbidden, a `RunError` where nothing answers
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
