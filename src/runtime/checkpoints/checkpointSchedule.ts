import { rejectOption } from '../../dsl/errors.js'
import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'

/** Decides after which steps a checkpoint is written. */
export interface CheckpointSchedule {
  /** Whether a checkpoint is due after this step. Called once a step; one that is due counts as written. */
  readonly due: (step: TrainingMetrics) => boolean
  /** Reports how long a checkpoint took: all of it, though most of it runs beside the training. */
  readonly took: (seconds: number) => void
  /** Seconds that all checkpoints have taken so far. */
  readonly spent: () => number
}

/** Seconds between two checkpoints, by default. */
const DEFAULT_SECONDS = 60

/** Share of a run's time that checkpoints may take, by default. */
const SHARE = 0.02

/**
 * The schedule that the options ask for. A run's last step is always due. Without options: at the ends of epochs, and
 * every 60 s within one, as long as all checkpoints, with the next one, take at most 2 % of the run's time. The first
 * one, whose cost is still unknown, is written at the first end of an epoch or after 60 s, whichever is first.
 *
 * @param now a monotonic clock, in seconds
 * @throws OptionError for `everySteps` that is not a whole number >= 1, or `everySeconds` that is not > 0
 */
export const checkpointSchedule = (
  { everySteps, everySeconds }: CheckpointOptions,
  now: () => number,
): CheckpointSchedule => {
  if (everySteps !== undefined && !(Number.isInteger(everySteps) && everySteps >= 1))
    rejectOption('checkpoints', 'a whole number of steps >= 1', everySteps)
  if (everySeconds !== undefined && !(everySeconds > 0 && Number.isFinite(everySeconds)))
    rejectOption('checkpoints', 'seconds > 0', everySeconds)
  const asked = everySteps !== undefined || everySeconds !== undefined
  const started = now()
  let last = started
  let spent = 0
  let written = 0

  const passed = (seconds: number): boolean => now() - last >= seconds
  const demanded = (step: TrainingMetrics): boolean =>
    (everySteps !== undefined && step.step % everySteps === 0) || (everySeconds !== undefined && passed(everySeconds))
  const affordable = (step: TrainingMetrics): boolean => {
    const another = written === 0 ? 0 : spent / written
    return (step.batch + 1 === step.batches || passed(DEFAULT_SECONDS)) && spent + another <= SHARE * (now() - started)
  }

  return {
    due: (step) => {
      const is = step.step === step.steps || (asked ? demanded(step) : affordable(step))
      if (is) written += 1
      return is
    },
    took: (seconds) => {
      spent += seconds
      last = now()
    },
    spent: () => spent,
  }
}
