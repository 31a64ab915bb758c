import type { PwoaError } from '../../dsl/errors.js'
import type { RunOptions, Summary } from '../../dsl/run.js'
import type { PointProgress } from './pointMessages.js'
import type { SweepPoint } from './sweepTypes.js'

/** Where a point is run, and how. */
export interface PointPlace {
  readonly key: string
  readonly seed: number
  /** The point's run folder, absolute. */
  readonly folder: string
  readonly options: Pick<RunOptions, 'dataDir' | 'engine' | 'checkpoints'>
}

/** What becomes of a run: only a crash may end otherwise when it is tried again. */
export type PointOutcome =
  | { readonly type: 'done'; readonly summary: Summary }
  /** `lacks`: keys of the points that this one joins and whose folders are not here. */
  | { readonly type: 'failed'; readonly error: PwoaError; readonly lacks?: readonly string[] | undefined }
  | { readonly type: 'crashed'; readonly reason: string }

/** A point that is under way. */
export interface RunningPoint {
  readonly outcome: Promise<PointOutcome>
  /** Saves and ends it; the outcome is then an `InterruptedError`. */
  readonly stop: () => void
}

/** A way to run a point: here, in a process of its own, or elsewhere. `told` hears how it goes, now and then. */
export type RunPoint = (point: SweepPoint, place: PointPlace, told: (progress: PointProgress) => void) => RunningPoint
