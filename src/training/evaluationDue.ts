import type { TrainingMetrics } from '../dsl/step.js'

/** Whether an evaluation every so many epochs is due behind this step: not behind the last one, which has its own. */
export const evaluationDue = (training: TrainingMetrics | undefined, every: number | undefined): boolean =>
  training !== undefined &&
  every !== undefined &&
  training.step < training.steps &&
  training.batch + 1 === training.batches &&
  (training.epoch + 1) % every === 0
