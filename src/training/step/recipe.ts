import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { positive } from '../../dsl/options/kinds.js'
import { type Optimizer, optimizerOption } from './optimizer.js'
import { type Schedule, scheduleOption } from './schedule.js'

/** How a phase is optimised. */
export interface Recipe {
  readonly optimizer: Optimizer
  /** > 0; `schedule` multiplies it. */
  readonly learningRate: number
  readonly schedule: Schedule
}

/** What a user may change in a stage's recipe. */
export const recipeOptions = declareOptions('recipe', {
  /** The method that turns gradients into steps, such as `adam()`. @default the stage's */
  optimizer: optimizerOption().optional("the stage's"),
  /** Learning rate > 0. @default the stage's */
  learningRate: positive().optional("the stage's"),
  /** How the learning rate changes during the phase, such as `cosine()`. @default the stage's */
  schedule: scheduleOption().optional("the stage's"),
})

/** Options of a phase's recipe. */
export interface RecipeOptions extends OptionsOf<typeof recipeOptions> {}

/** The stage's recipe with the user's changes. */
export const recipeWith = (own: Recipe, changed: RecipeOptions = {}): Recipe => ({
  optimizer: changed.optimizer ?? own.optimizer,
  learningRate: changed.learningRate ?? own.learningRate,
  schedule: changed.schedule ?? own.schedule,
})
