import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'
import { checkOptions } from '../../dsl/checkOptions.js'
import type { RunEvent } from '../../dsl/events.js'
import type { Phase } from '../../dsl/phases.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from './memory.js'
import type { Optimizer } from './optimizer.js'
import type { Progress, Schedule } from './schedule.js'

/** What a phase's own rule does to a step's gradient, e.g. the ADMM penalty or the mask. */
export interface Adjusted {
  readonly gradient: Tensor1D
  /** An addition to the loss, by name. */
  readonly penalty?: { readonly name: string; readonly loss: Scalar }
}

/** One phase of training as a value. */
export interface PhasePlan {
  readonly phase: Phase
  readonly epochs: number
  readonly optimizer: Optimizer
  readonly learningRate: number
  readonly schedule: Schedule
  /** Before the first step. */
  readonly begin?: (student: Student, memory: TrainingMemory) => void
  /** Before each epoch, from 0; what it returns is told to those who watch the run. */
  readonly beginEpoch?: (student: Student, memory: TrainingMemory, epoch: number) => readonly RunEvent[]
  /** Before each step. */
  readonly beforeStep?: (student: Student, memory: TrainingMemory, progress: Progress) => void
  /** After the terms' gradient and before the optimizer, in every step. */
  readonly adjust?: (student: Student, memory: TrainingMemory, gradient: Tensor1D) => Adjusted
  /** Name of the vector in the memory that the optimizer moves. @default the student's weights */
  readonly moves?: string
  /** The student's weights from the vector that the optimizer has moved. @default the vector itself */
  readonly realise?: (student: Student, memory: TrainingMemory, moved: Tensor1D) => Tensor1D
}

/** How a phase is optimised, as the user writes it. */
export interface Recipe {
  readonly optimizer: Optimizer
  readonly learningRate: number
  readonly schedule: Schedule
}

/**
 * Refuses an option that a recipe has not.
 *
 * @param of the option that it is: `retrain`
 * @throws OptionError
 */
export const checkRecipe = (stage: string, recipe: Partial<Recipe> | undefined, of: string): void => {
  if (recipe) checkOptions(stage, recipe, { optimizer: true, learningRate: true, schedule: true }, `options of ${of}`)
}

/** A recipe as plain JSON, for the plan. */
export const recipeConfig = ({ optimizer, learningRate, schedule }: Recipe): Readonly<Record<string, unknown>> => ({
  optimizer: { name: optimizer.name, ...optimizer.config },
  learningRate,
  schedule: schedule.name,
})
