import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { Pattern } from '../math/patterns.js'
import type { TrainingMemory } from './memory.js'
import type { Student } from './network.js'
import type { PruningTask, TaskOf } from './pruning.js'
import { pruningTask } from './pruningTask.js'
import { type RateSharing, settledTask, settleRates } from './rateSharing.js'
import type { Rate } from './rates.js'

/** What a mask stage is told to prune. */
export interface MaskTarget {
  readonly pattern: Pattern
  readonly rate: Rate
  readonly rates: RateSharing
  readonly exclude: readonly string[]
}

/** What a stage prunes of whatever network comes. */
export interface MaskTask {
  readonly taskOf: TaskOf
  /** Settles the layers' rates; to be called before the first step. */
  readonly prepare: (student: Student, memory: TrainingMemory, images: Tensor4D) => void
}

/** See `pruningTask`, and `RateSharing`. */
export const maskTask = (stage: string, { pattern, rate, rates, exclude }: MaskTarget): MaskTask => {
  const asked = ({ architecture }: Student): PruningTask => pruningTask(stage, architecture, pattern, rate, exclude)
  return {
    taskOf: (student, memory) => settledTask(asked(student), memory),
    prepare: (student, memory, images) => settleRates(stage, rates, asked(student), { student, memory, images }),
  }
}
