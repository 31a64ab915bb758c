import type { Tensor1D } from '@tensorflow/tfjs-core'
import type { RunEvent } from '../../dsl/events.js'
import type { Phase } from '../../dsl/phases.js'
import type { PenaltyVectors } from '../../math/quadraticPenalty.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from './memory.js'
import type { Recipe } from './recipe.js'
import type { Progress } from './schedule.js'

/** A summand of the loss that pulls the weights towards a target. */
export interface Penalty extends Pick<PenaltyVectors, 'target' | 'price'> {
  readonly name: string
}

/** One phase of training as a value. */
export interface PhasePlan extends Recipe {
  readonly phase: Phase
  readonly epochs: number
  /** Before the first step. */
  readonly begin?: (student: Student, memory: TrainingMemory) => void
  /** Before each epoch, from 0; the run reports the events that it returns. */
  readonly beginEpoch?: (student: Student, memory: TrainingMemory, epoch: number) => readonly RunEvent[]
  /** Before each step. */
  readonly beforeStep?: (student: Student, memory: TrainingMemory, progress: Progress) => void
  /** A quadratic penalty on the weights, as vectors of the memory; see `quadraticPenalty`. */
  readonly penalty?: (memory: TrainingMemory) => Penalty
  /** After the terms' gradient and before the optimizer, in every step. */
  readonly adjust?: (student: Student, memory: TrainingMemory, gradient: Tensor1D) => Tensor1D
  /** Name of the vector in the memory that the optimizer moves. @default the student's weights */
  readonly moves?: string
  /** The student's weights from the vector that the optimizer has moved. @default the vector itself */
  readonly realise?: (student: Student, memory: TrainingMemory, moved: Tensor1D) => Tensor1D
}
