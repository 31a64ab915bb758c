import { type Op, stage } from '../../dsl/op.js'
import type { HasTerms, HasTraining } from '../../dsl/step.js'
import type { HasStudent, Student } from '../network/network.js'
import type { TrainingMemory } from '../step/memory.js'
import type { PhasePlan } from '../step/phasePlan.js'
import type { Recipe } from '../step/recipe.js'
import { trainer } from '../step/trainer.js'
import { checkMask, type MaskTarget } from './maskOptions.js'
import { maskTask } from './maskTask.js'
import { countKept, maskOf, settleMask, type TaskOf } from './pruning.js'
import { byteBudgetOf } from './rates.js'

/** The parts of a stage with a pruning phase and a retraining phase. */
export interface MaskSettings extends MaskTarget {
  /** How the pruning phase is optimised. */
  readonly prune: Recipe
  /** How the retraining is optimised. */
  readonly retrain: Recipe
}

/** A way to prune while training. */
export interface PruningRule extends Pick<PhasePlan, 'begin' | 'beforeStep' | 'adjust' | 'moves' | 'realise'> {
  /** The mask at the end of the phase. @default by the weights' magnitudes */
  readonly settle?: (student: Student, memory: TrainingMemory) => Float32Array | undefined
}

/**
 * A stage of two phases, `prune` by a rule and `retrain` with a fixed mask. Weights that were pruned before stay pruned.
 * Emits metrics for each minibatch.
 *
 * @param rule how the pruning phase prunes, given the task, which is settled once the network is known
 * @param config the stage's options, as the plan states them
 * @throws OptionError for options that do not go together
 */
export const maskStage = (
  name: string,
  settings: MaskSettings,
  rule: (taskOf: TaskOf) => PruningRule,
  config: Readonly<Record<string, unknown>>,
): Op<HasStudent & HasTerms, HasTraining> => {
  checkMask(name, settings)
  const { epochs, retrainEpochs, prune, retrain } = settings
  const { taskOf, prepare } = maskTask(name, settings)
  const { settle, ...pruning } = rule(taskOf)
  const close = (student: Student, memory: TrainingMemory): void => {
    const found = settle?.(student, memory)
    settleMask(
      student,
      found ?? maskOf(student.architecture, student.weights.dataSync<'float32'>(), taskOf(student, memory)),
    )
    memory.forget(PREFIX)
  }
  const plans: readonly PhasePlan[] = [
    { phase: 'prune', epochs, ...prune, ...pruning },
    { phase: 'retrain', epochs: retrainEpochs, ...retrain, begin: close },
  ]
  return stage(
    { stage: name, config, needs: ['student', 'terms'], adds: ['training'] },
    trainer({
      stage: name,
      prepare,
      budget: byteBudgetOf(settings.rate),
      phases: plans.filter((plan) => plan.epochs > 0),
      end: (student, memory) => {
        if (retrainEpochs === 0) close(student, memory)
        return [{ type: 'parameters', counts: countKept(student, taskOf(student, memory)) }]
      },
    }),
  )
}

/** Prefix of a rule's entries in the memory. They are removed when the mask is final. */
export const PREFIX = 'prune.'
