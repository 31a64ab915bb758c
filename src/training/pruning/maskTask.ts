import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { Architecture } from '../../models/architecture/architecture.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from '../step/memory.js'
import { budgetRates } from './budget.js'
import { byteRates } from './byteBudget.js'
import { latencyShare } from './latencyShare.js'
import type { MaskTarget } from './maskOptions.js'
import type { PruningTask, TaskOf } from './pruning.js'
import { checkLayerRates, pruningTask } from './pruningTask.js'
import { keepRates, settledTask, settleRates } from './rateSharing.js'
import { isBudget, isByteBudget } from './rates.js'

/** What a stage prunes of any network. */
export interface MaskTask {
  readonly taskOf: TaskOf
  /** Settles the layers' rates; to be called before the first step. */
  readonly prepare: (student: Student, memory: TrainingMemory, images: Tensor4D) => void
}

/** See `pruningTask`, and `RateSharing`. */
export const maskTask = (
  stage: string,
  { pattern, rate, rates, exclude }: Omit<MaskTarget, 'epochs' | 'retrainEpochs'>,
): MaskTask => {
  // A budget is a search, and some stages ask at each step.
  const tasks = new WeakMap<Architecture, PruningTask>()
  const asked = ({ architecture }: Student): PruningTask => {
    const known = tasks.get(architecture)
    if (known) return known
    const task = pruningTask(stage, architecture, pattern, rate, exclude)
    // Shared rates and budgets are found within the limits of each layer.
    if (rates === 'uniform' && !isBudget(rate)) checkLayerRates(stage, task)
    tasks.set(architecture, task)
    return task
  }
  return {
    taskOf: (student, memory) => settledTask(asked(student), memory),
    prepare: (student, memory, images) => {
      if (isByteBudget(rate)) {
        const target = { pattern, rate, rates, exclude }
        return keepRates(byteRates(stage, target, asked(student), { student, images }), memory)
      }
      if (!isBudget(rate) || rate.budget !== 'latency')
        return settleRates(stage, rates, asked(student), { student, memory, images })
      const { architecture } = student
      const cost = { shareOf: latencyShare(architecture, rate.images ?? 1), precision: LATENCY_PRECISION }
      keepRates(budgetRates(stage, architecture, pattern, rate, exclude, cost), memory)
    },
  }
}

/** Measured times are not more precise. */
const LATENCY_PRECISION = 0.02
