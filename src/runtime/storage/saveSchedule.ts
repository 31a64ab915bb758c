import type { Progress } from './localRun.js'

type Reached = Pick<Progress, 'step' | 'evaluated'>

/** Decides when a run that is under way is saved. */
export interface SaveSchedule {
  readonly isDue: (progress: Reached, saved: Reached | undefined) => boolean
  /** Reports how long a save took. */
  readonly took: (seconds: number) => void
}

/** Seconds between two saves of an evaluation, which has no checkpoints. */
const EVALUATION = 60

/**
 * A schedule that saves each new checkpoint, and the results of evaluations every 60 s, as long as all saves took at most
 * a share of the time.
 *
 * @param share from 0 to 1
 * @param now a monotonic clock, in seconds
 */
export const saveSchedule = (share: number, now: () => number): SaveSchedule => {
  const started = now()
  let last = started
  let spent = 0
  return {
    isDue: ({ step, evaluated }, saved = { step: 0, evaluated: 0 }) =>
      spent <= share * (now() - started) &&
      (step > saved.step || (evaluated > saved.evaluated && now() - last >= EVALUATION)),
    took: (seconds) => {
      spent += seconds
      last = now()
    },
  }
}
