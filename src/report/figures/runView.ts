import type { RunEvent } from '../../dsl/events.js'
import type { Accuracies, Environment, LayerWeights, ParameterCounts } from '../../dsl/figures.js'
import type { Phase } from '../../dsl/phases.js'
import type { TrainingMetrics } from '../../dsl/step.js'

/**
 * The state of a run. `waiting`: a point of a sweep that has not started; `stopped`: interrupted, killed, or still
 * running elsewhere, so that it can be resumed.
 */
export type RunState = 'waiting' | 'starting' | 'running' | 'paused' | 'done' | 'stopped' | 'failed'

/** A part of a run's time, in seconds since 1970. */
export interface Stretch {
  readonly kind: 'phase' | 'evaluation' | 'pause'
  /** The phase, or what is evaluated. */
  readonly label: string
  readonly from: number
  /** Undefined while it lasts. */
  readonly to: number | undefined
}

/** Accuracies that were measured in a run, and the number of steps before it. */
export interface Measured {
  readonly subject: 'before' | 'after' | 'epoch'
  readonly at: number
  readonly step: number
  readonly accuracies: Accuracies
}

type Of<T extends RunEvent['type']> = Omit<Extract<RunEvent, { type: T }>, 'type'>

/** The result of one stage of an attack. */
export type Attacked = Of<'attacked'>

/** The progress of an evaluation. */
export type Evaluating = Of<'evaluating'>

/** An update of ADMM's Z and U, and the number of steps before it. */
export type AdmmUpdate = Of<'admm'> & { readonly step: number }

/** Figures that a stage of the user's own reported, and the number of steps before them. */
export type OwnFigures = Pick<Of<'own'>, 'name' | 'values'> & { readonly step: number }

/** The layers' weights after an epoch, and the number of steps before it. */
export interface WeightsAt {
  readonly phase: Phase
  readonly epoch: number
  readonly step: number
  readonly layers: readonly LayerWeights[]
}

/** What the events of a run reported. Of bounded size, and plain JSON. */
export interface RunFacts {
  readonly name: string
  readonly state: RunState
  /** The error of a failed run. */
  readonly error?: string
  readonly engine?: string
  readonly data?: Of<'data'>
  readonly environments: readonly { readonly at: number; readonly environment: Environment }[]
  readonly timeline: readonly Stretch[]
  readonly evaluating?: Evaluating
  readonly attacked: readonly Attacked[]
  readonly measured: readonly Measured[]
  readonly admm: readonly AdmmUpdate[]
  readonly own: readonly OwnFigures[]
  readonly counts?: ParameterCounts
  readonly warnings: readonly string[]
  readonly artifacts: readonly string[]
}

/** The progress of training. */
export interface RunHead {
  readonly metrics: TrainingMetrics
  /** Until the last step of training; undefined without an estimate. */
  readonly secondsLeft: number | undefined
  readonly stepsPerSecond: number | undefined
}
