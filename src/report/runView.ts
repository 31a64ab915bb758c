import type { Accuracies, Environment, LayerWeights, ParameterCounts, RunEvent } from '../dsl/events.js'
import type { Phase } from '../dsl/phases.js'
import type { TrainingMetrics } from '../dsl/step.js'

/**
 * How a run stands. `waiting`: a point of a sweep that has not begun; `stopped`: interrupted, killed, or still under
 * way elsewhere; it can be resumed.
 */
export type RunState = 'waiting' | 'starting' | 'running' | 'paused' | 'done' | 'stopped' | 'failed'

/** A stretch of a run's time; seconds since 1970. */
export interface Stretch {
  readonly kind: 'phase' | 'evaluation' | 'pause'
  /** The phase, or what is evaluated. */
  readonly label: string
  readonly from: number
  /** Undefined while it goes on. */
  readonly to: number | undefined
}

/** Accuracies that were measured in a run, and after how many steps. */
export interface Measured {
  readonly subject: 'before' | 'after' | 'epoch'
  readonly at: number
  readonly step: number
  readonly accuracies: Accuracies
}

type Of<T extends RunEvent['type']> = Omit<Extract<RunEvent, { type: T }>, 'type'>

/** What a stage of an attack has come to. */
export type Attacked = Of<'attacked'>

/** How far an evaluation is. */
export type Evaluating = Of<'evaluating'>

/** An update of ADMM's Z and U, and after how many steps. */
export type AdmmUpdate = Of<'admm'> & { readonly step: number }

/** The layers' weights after an epoch, and after how many steps. */
export interface WeightsAt {
  readonly phase: Phase
  readonly epoch: number
  readonly step: number
  readonly layers: readonly LayerWeights[]
}

/** What events have said of a run. Of bounded size, and plain JSON. */
export interface RunFacts {
  readonly name: string
  readonly state: RunState
  /** What ended it, where it failed. */
  readonly error?: string
  readonly engine?: string
  readonly data?: Of<'data'>
  readonly environments: readonly { readonly at: number; readonly environment: Environment }[]
  readonly timeline: readonly Stretch[]
  readonly evaluating?: Evaluating
  readonly attacked: readonly Attacked[]
  readonly measured: readonly Measured[]
  readonly admm: readonly AdmmUpdate[]
  readonly counts?: ParameterCounts
  readonly warnings: readonly string[]
  readonly artifacts: readonly string[]
}

/** Where training is. */
export interface RunHead {
  readonly metrics: TrainingMetrics
  /** Until the last step of training; undefined while nothing can be said. */
  readonly secondsLeft: number | undefined
  readonly stepsPerSecond: number | undefined
}
