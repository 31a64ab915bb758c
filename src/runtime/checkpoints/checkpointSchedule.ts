import { rejectOption } from '../../dsl/errors.js'
import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'

/** Says after which steps a checkpoint is written. */
export interface CheckpointSchedule {
  /** Asked once a step; one that is due is counted as written. */
  readonly due: (step: TrainingMetrics) => boolean
  /** How long a checkpoint took: all of it, though most runs beside the training. */
  readonly took: (seconds: number) => void
  /** What all of them have taken so far, in seconds. */
  readonly spent: () => number
}

/** Between two checkpoints, where nothing else is asked for. */
const DEFAULT_SECONDS = 60

/** Share of a run's time that checkpoints nobody asked for may take. */
const SHARE = 0.02

/**
 * The schedule that the options ask for; a run's last step is always due. Without options: the ends of epochs, and
 * every 60 s within one, as long as all of it, and another one like those before, stays below 2 % of the run's time. The
 * first, whose cost nobody knows, is at the first end of an epoch or after 60 s.
 *
 * @param now in seconds, of a clock that never jumps back
 * @throws OptionError for numbers that are none
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
