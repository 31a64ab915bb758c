// ADMM pruning: ADMM phase, hard prune, masked retraining. Paper: Sec. III-D, eqs. 8–12; Zhang et al., ECCV 2018.
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { whole } from '../dsl/options/kinds.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import type { HasStudent } from '../training/network/network.js'
import { checkMask, retrainingFields, targetFields } from '../training/pruning/maskOptions.js'
import { maskTask } from '../training/pruning/maskTask.js'
import { admmRule, countKept, hardPrune, penaltyOptions } from '../training/pruning/pruning.js'
import { byteBudgetOf } from '../training/pruning/rates.js'
import { adam } from '../training/step/adam.js'
import type { PhasePlan } from '../training/step/phasePlan.js'
import { recipeOptions, recipeWith } from '../training/step/recipe.js'
import { cosine, thirds } from '../training/step/schedule.js'
import { trainer } from '../training/step/trainer.js'

const STAGE = 'admmMask'

/** What {@link admmMask} takes. */
export const admmMaskOptions = declareOptions(STAGE, {
  ...targetFields,
  /** Epochs of the ADMM phase, ≥ 0; 0 prunes by magnitude at once. @default 50 */
  epochs: whole(0, { unit: 'epochs' }).default(50),
  ...retrainingFields,
  /** Epochs between two updates of Z and U, ≥ 1. @default 3 */
  updateEvery: whole(1, { unit: 'epochs' }).default(3),
  /** ρ of the penalty. @default { initial: 0.01, growth: 1.35, max: 1 } */
  rho: penaltyOptions.asOption().default({ initial: 0.01, growth: 1.35, max: 1 }),
  /** How the ADMM phase is optimised. @default Adam, 5e-4, thirds(updateEvery) */
  admm: recipeOptions.asOption().optional('Adam, 5e-4, thirds(updateEvery)'),
  /** How the retraining is optimised. @default Adam, 1e-3, cosine() */
  retrain: recipeOptions.asOption().optional('Adam, 1e-3, cosine()'),
})

/** Options of {@link admmMask}. */
export interface AdmmMaskOptions extends OptionsOf<typeof admmMaskOptions> {}

/**
 * Trains the student under ADMM's pull towards sparse weights, prunes it hard, and retrains what is left:
 *
 *     W ← argmin L(W) + ρ/2·‖W − Z + U‖²    Z ← Π_S(W + U)    U ← U + W − Z        (ADMM phase)
 *     W ← Π_S(W), mask fixed                 W ← W − lr·mask∘∂L                      (retraining)
 *
 * Weights of convolutions and linear layers are pruned; biases stay. Emits metrics for each minibatch.
 *
 * @example
 * admmMask({ pattern: 'irregular', rate: 4, epochs: 10, retrainEpochs: 20 })
 * admmMask({ pattern: 'irregular', rate: 16, rates: 'learned', exclude: ['fc2'] })
 * admmMask({ pattern: 'channel', rate: { budget: 'flops', keep: 0.5 } })
 * admmMask({ pattern: 'irregular', rate: { overall: 16, fixed: { conv1: 1, conv2: 4 } }, exclude: ['fc2'] })
 * @throws OptionError for a rate < 1, an unknown pattern or layer, or a wrong number of epochs
 */
export const admmMask = (options: AdmmMaskOptions): Op<HasStudent & HasTerms, HasTraining> => {
  const read = admmMaskOptions.read(options)
  const { epochs, retrainEpochs, updateEvery, rho } = read
  const admm = recipeWith({ optimizer: adam(), learningRate: 5e-4, schedule: thirds(updateEvery) }, read.admm)
  const retrain = recipeWith({ optimizer: adam(), learningRate: 1e-3, schedule: cosine() }, read.retrain)
  checkMask(STAGE, read)

  const { taskOf, prepare } = maskTask(STAGE, read)
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
      stage: STAGE,
      config: admmMaskOptions.config({ ...read, admm, retrain }),
      needs: ['student', 'terms'],
      adds: ['training'],
    },
    trainer({
      stage: STAGE,
      prepare,
      budget: byteBudgetOf(read.rate),
      phases: plans.filter((plan) => plan.epochs > 0),
      end: (student, memory) => {
        const task = taskOf(student, memory)
        if (retrainEpochs === 0) hardPrune(student, task)
        return [{ type: 'parameters', counts: countKept(student, task) }]
      },
    }),
  )
}
