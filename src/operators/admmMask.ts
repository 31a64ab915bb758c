// ADMM pruning: ADMM phase, hard prune, masked retraining. Paper: Sec. III-D, eqs. 8–12; Zhang et al., ECCV 2018.
import { checkOptions, type OptionNames } from '../dsl/checkOptions.js'
import { checkPositive, checkWhole } from '../dsl/checks.js'
import { type Op, stage } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import type { Pattern } from '../math/patterns.js'
import type { HasStudent } from '../training/network/network.js'
import { checkMask } from '../training/pruning/checkMask.js'
import { maskNames } from '../training/pruning/maskStage.js'
import { maskTask } from '../training/pruning/maskTask.js'
import { admmRule, countKept, hardPrune, type PenaltySchedule } from '../training/pruning/pruning.js'
import type { RateSharing } from '../training/pruning/rateSharing.js'
import type { Excluded, Rate } from '../training/pruning/rates.js'
import { adam } from '../training/step/adam.js'
import { checkRecipe, type PhasePlan, type Recipe, recipeConfig } from '../training/step/phasePlan.js'
import { cosine, thirds } from '../training/step/schedule.js'
import { trainer } from '../training/step/trainer.js'

/** Options of {@link admmMask}. */
export interface AdmmMaskOptions {
  /** What is pruned together: single weights, filters, columns, channels, blocks, N:M or kernel patterns; see `Pattern`. */
  readonly pattern: Pattern
  /** Compression: 4 keeps a quarter. A number, one per layer, an overall one, or a budget; see `Rate`. */
  readonly rate: Rate
  /** How one rate is shared among the layers; see `RateSharing`. @default 'uniform' */
  readonly rates?: RateSharing
  /** Layers that are left out: by name, or 'last', the one that gives the logits. @default none */
  readonly exclude?: Excluded
  /** Epochs of the ADMM phase, ≥ 0; 0 prunes by magnitude at once. @default 50 */
  readonly epochs?: number
  /** Epochs of the masked retraining, ≥ 0. @default 100 */
  readonly retrainEpochs?: number
  /** Epochs between two updates of Z and U, ≥ 1. @default 3 */
  readonly updateEvery?: number
  /** ρ of the penalty. @default from 0.01 by 1.35 to at most 1 */
  readonly rho?: PenaltySchedule
  /** How the ADMM phase is optimised. @default Adam, 5e-4, `thirds(updateEvery)` */
  readonly admm?: Partial<Recipe>
  /** How the retraining is optimised. @default Adam, 1e-3, cosine */
  readonly retrain?: Partial<Recipe>
}

/**
 * Trains the student under ADMM's pull towards sparse weights, prunes it hard, and retrains what is left:
 *
 *     W ← argmin L(W) + ρ/2·‖W − Z + U‖²    Z ← Π_S(W + U)    U ← U + W − Z        (ADMM phase)
 *     W ← Π_S(W), mask fixed                 W ← W − lr·mask∘∂L                      (retraining)
 *
 * Pruned are weights of convolutions and linear layers; biases stay. Emits a step per minibatch, in numbers.
 *
 * @example
 * admmMask({ pattern: 'irregular', rate: 4, epochs: 10, retrainEpochs: 20 })
 * admmMask({ pattern: 'irregular', rate: 16, rates: 'learned', exclude: ['fc2'] })
 * admmMask({ pattern: 'channel', rate: { budget: 'flops', keep: 0.5 } })
 * admmMask({ pattern: 'irregular', rate: { overall: 16, fixed: { conv1: 1, conv2: 4 } }, exclude: ['fc2'] })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs
 */
export const admmMask = (options: AdmmMaskOptions): Op<HasStudent & HasTerms, HasTraining> => {
  checkOptions('admmMask', options, admmMaskOptions)
  const { pattern, rate, rates = 'uniform', exclude = [] } = options
  const { epochs = 50, retrainEpochs = 100, updateEvery = 3 } = options
  const rho = options.rho ?? { initial: 0.01, growth: 1.35, max: 1 }
  checkOptions('admmMask', rho, { initial: true, growth: true, max: true }, 'options of rho')
  checkRecipe('admmMask', options.admm, 'admm')
  checkRecipe('admmMask', options.retrain, 'retrain')
  checkWhole('admmMask', 'updateEvery', updateEvery, 1)
  const admm: Recipe = { optimizer: adam(), learningRate: 5e-4, schedule: thirds(updateEvery), ...options.admm }
  const retrain: Recipe = { optimizer: adam(), learningRate: 1e-3, schedule: cosine(), ...options.retrain }
  checkMask('admmMask', { pattern, rate, rates, epochs, retrainEpochs }, [admm, retrain])
  for (const [name, value] of Object.entries(rho)) checkPositive('admmMask', `rho ${name}`, value)

  const { taskOf, prepare } = maskTask('admmMask', { pattern, rate, rates, exclude })
  const plans: readonly PhasePlan[] = [
    { phase: 'admm', epochs, ...admm, ...admmRule(taskOf, updateEvery, rho) },
    {
      phase: 'retrain',
      epochs: retrainEpochs,
      ...retrain,
      begin: (student, memory) => hardPrune(student, taskOf(student, memory)),
    },
  ]
  return stage(
    {
      stage: 'admmMask',
      config: {
        pattern,
        rate,
        rates,
        exclude,
        epochs,
        retrainEpochs,
        updateEvery,
        rho,
        admm: recipeConfig(admm),
        retrain: recipeConfig(retrain),
      },
      needs: ['student', 'terms'],
      adds: ['training'],
    },
    trainer({
      stage: 'admmMask',
      prepare,
      phases: plans.filter((plan) => plan.epochs > 0),
      end: (student, memory) => {
        const task = taskOf(student, memory)
        if (retrainEpochs === 0) hardPrune(student, task)
        return [{ type: 'parameters', counts: countKept(student, task) }]
      },
    }),
  )
}

const admmMaskOptions: OptionNames<AdmmMaskOptions> = {
  ...maskNames,
  updateEvery: true,
  rho: true,
  admm: true,
}
