import type { LossTerm, Minibatch } from '../../dsl/step.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from './memory.js'
import type { PhasePlan } from './phasePlan.js'

/** One step of a phase: what it works on. */
export interface StepInput {
  readonly stage: string
  readonly plan: PhasePlan
  readonly student: Student
  /** Trained along by the same optimizer, on the first view of the minibatch. */
  readonly guide: Student | undefined
  readonly memory: TrainingMemory
  readonly terms: readonly LossTerm[]
  readonly minibatch: Minibatch
  /** Steps done in this phase, this one included. */
  readonly step: number
  readonly learningRate: number
}
