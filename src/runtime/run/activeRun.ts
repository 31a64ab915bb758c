import { Subject } from 'rxjs'
import type { RunEvent } from '../../dsl/events.js'
import type { CalledAt } from '../../dsl/kit/calledAt.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import type { Step, TrainingMetrics } from '../../dsl/step.js'
import { messageOf } from '../../io/files/thrown.js'
import { placeOf } from '../host/sourcePositions.js'
import { type FirstFailure, firstFailure } from './concurrency.js'
import { makePauseControl, type PauseControl } from './pauseControl.js'
import type { RunDependencies } from './runDependencies.js'
import { routed } from './unhandledErrors.js'

type Listener = (event: RunEvent) => void

/** The shared state of a run that is under way. */
export interface ActiveRun {
  readonly pipeline: Pipeline<Step>
  readonly options: RunOptions
  readonly dependencies: RunDependencies
  /** The run folder, absolute. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly pauseControl: PauseControl
  readonly metrics: Subject<TrainingMetrics>
  readonly events: Subject<RunEvent>
  /** Runs `act`, which notifies the subscribers to the run's streams; their exceptions become warnings. */
  readonly publish: (act: () => void) => void
  /**
   * Emits a warning for an exception of a subscriber.
   *
   * @param at where the observer was passed to `observe`, if it is an observer of the pipeline
   */
  readonly subscriberFailed: (thrown: unknown, at?: CalledAt) => void
  /** The first thing that ends the run early. */
  readonly failure: FirstFailure
  /** Passes an event to the listeners, then to the subscribers. */
  readonly emit: Listener
  /** Adds a listener, called for each event before the subscribers. The first listener also gets all earlier events. */
  readonly listen: (listener: Listener) => void
}

/** The shared state of a new run. */
export const makeActiveRun = (
  fixed: Pick<ActiveRun, 'pipeline' | 'options' | 'dependencies' | 'folder' | 'signal'>,
): ActiveRun => {
  const events = new Subject<RunEvent>()
  const listeners: Listener[] = []
  const backlog: RunEvent[] = []
  const emit: Listener = (event) => {
    if (listeners.length === 0) backlog.push(event)
    for (const listener of listeners) listener(event)
    publish(() => events.next(event))
  }
  const subscriberFailed = subscriberWarnings(fixed.pipeline.name, emit)
  const publish = (act: () => void): void => routed(subscriberFailed, act)
  return {
    ...fixed,
    pauseControl: makePauseControl(fixed.signal, (type) => emit({ type })),
    metrics: new Subject(),
    events,
    publish,
    subscriberFailed,
    failure: firstFailure(),
    emit,
    listen: (listener) => {
      listeners.push(listener)
      backlog.splice(0).forEach(listener)
    },
  }
}

/** Converts exceptions of subscribers to warnings; one that is thrown at every step is reported once. */
const subscriberWarnings = (stage: string, emit: (event: RunEvent) => void): ActiveRun['subscriberFailed'] => {
  const reported = new Set<string>()
  return (thrown, at) => {
    const place = placeOf(thrown, at)
    const who = at === undefined ? 'a subscriber' : 'an observer'
    const message = `${who} failed${place === undefined ? '' : ` (${place})`}: ${messageOf(thrown)}`
    if (reported.has(message)) return
    reported.add(message)
    emit({ type: 'warning', stage, message })
  }
}
