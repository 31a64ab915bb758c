import type { PointOutcome, PointPlace, PointProgress } from './pointMessages.js'
import type { SweepPoint } from './sweepTypes.js'

/** A point that is under way. */
export interface RunningPoint {
  readonly outcome: Promise<PointOutcome>
  /** Saves and ends the point's run; the outcome is then an `InterruptedError`. */
  readonly stop: () => void
  /** The point's own process, if it has one. */
  readonly pid?: number | undefined
}

/**
 * A way to run a point: in this process, in a process of its own, or on another machine.
 *
 * @param onProgress called from time to time
 */
export type RunPoint = (
  point: SweepPoint,
  place: PointPlace,
  onProgress: (progress: PointProgress) => void,
) => RunningPoint
