import type { Progress } from './localRun.js'

type Reached = Pick<Progress, 'step' | 'evaluated'>

/** Says when a run that is under way is saved. */
export interface SaveSchedule {
  readonly isDue: (progress: Reached, saved: Reached | undefined) => boolean
  /** How long it took to save. */
  readonly took: (seconds: number) => void
}

/** Seconds between two times that an evaluation is saved, which has no checkpoints. */
const EVALUATION = 60

/**
 * Each new checkpoint is saved, and every 60 s what evaluations have found, as long as all of it took at most a share of
 * the time.
 *
 * @param now in seconds, of a clock that never jumps back
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
