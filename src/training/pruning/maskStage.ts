import type { OptionNames } from '../../dsl/checkOptions.js'
import { type Op, stage } from '../../dsl/op.js'
import type { HasTerms, HasTraining } from '../../dsl/step.js'
import type { Pattern } from '../../math/patterns.js'
import type { HasStudent, Student } from '../network/network.js'
import type { TrainingMemory } from '../step/memory.js'
import { checkRecipe, type PhasePlan, type Recipe, recipeConfig } from '../step/phasePlan.js'
import { trainer } from '../step/trainer.js'
import { checkMask } from './checkMask.js'
import { maskTask } from './maskTask.js'
import { countKept, maskOf, settleMask, type TaskOf } from './pruning.js'
import type { RateSharing } from './rateSharing.js'
import type { Excluded, Rate } from './rates.js'

/** What the stages that prune while training, and retrain, have in common. */
export interface MaskOptions {
  /** What is pruned together: single weights, filters, columns, channels, blocks, N:M or kernel patterns; see `Pattern`. */
  readonly pattern: Pattern
  /** Compression: 4 keeps a quarter. A number, one per layer, an overall one, or a budget; see `Rate`. */
  readonly rate: Rate
  /** How one rate is shared among the layers; see `RateSharing`. @default 'uniform' */
  readonly rates?: RateSharing
  /** Layers that are left out: by name, or 'last', the one that gives the logits. @default none */
  readonly exclude?: Excluded
  /** Epochs of the pruning phase, ≥ 0; 0 prunes by magnitude at once. */
  readonly epochs?: number
  /** Epochs of the masked retraining, ≥ 0. @default 100 */
  readonly retrainEpochs?: number
  /** How the pruning phase is optimised. */
  readonly prune?: Partial<Recipe>
  /** How the retraining is optimised. */
  readonly retrain?: Partial<Recipe>
}

/** Names of what every stage that prunes has, `admmMask` too. */
export const maskNames: OptionNames<Omit<MaskOptions, 'prune'>> = {
  pattern: true,
  rate: true,
  rates: true,
  exclude: true,
  epochs: true,
  retrainEpochs: true,
  retrain: true,
}

/** Names of the options. */
export const maskOptions: OptionNames<MaskOptions> = { ...maskNames, prune: true }

/** What a stage takes where the options say nothing. */
export interface MaskDefaults {
  readonly epochs: number
  readonly prune: Recipe
  readonly retrain: Recipe
}

/** A way to prune while training. */
export interface PruningRule extends Pick<PhasePlan, 'begin' | 'beforeStep' | 'adjust' | 'moves' | 'realise'> {
  /** The mask that the phase has come to. @default by the weights' magnitudes */
  readonly settle?: (student: Student, memory: TrainingMemory) => Float32Array | undefined
}

/**
 * A stage of two phases, `prune` by a rule and `retrain` with a fixed mask. What had been pruned before stays so. Emits
 * a step per minibatch, in numbers.
 *
 * @param rule of what is pruned, which is settled once the network is known
 * @param more options of the stage's own, for the plan
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs
 */
export const maskStage = (
  name: string,
  options: MaskOptions,
  defaults: MaskDefaults,
  rule: (taskOf: TaskOf) => PruningRule,
  more: Readonly<Record<string, unknown>> = {},
): Op<HasStudent & HasTerms, HasTraining> => {
  const { pattern, rate, rates = 'uniform', exclude = [], epochs = defaults.epochs, retrainEpochs = 100 } = options
  const settings = { pattern, rate, rates, exclude, epochs, retrainEpochs }
  checkRecipe(name, options.prune, 'prune')
  checkRecipe(name, options.retrain, 'retrain')
  const prune = { ...defaults.prune, ...options.prune }
  const retrain = { ...defaults.retrain, ...options.retrain }
  checkMask(name, settings, [prune, retrain])

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
    {
      stage: name,
      config: { ...settings, ...more, prune: recipeConfig(prune), retrain: recipeConfig(retrain) },
      needs: ['student', 'terms'],
      adds: ['training'],
    },
    trainer({
      stage: name,
      prepare,
      phases: plans.filter((plan) => plan.epochs > 0),
      end: (student, memory) => {
        if (retrainEpochs === 0) close(student, memory)
        return [{ type: 'parameters', counts: countKept(student, taskOf(student, memory)) }]
      },
    }),
  )
}

/** How a rule names what it keeps in the memory: it is forgotten once the mask is settled. */
export const PREFIX = 'prune.'
