import type { LoggedEvent, RunEvent } from '../../dsl/events.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import { given } from '../../dsl/kit/given.js'
import { timeLeft } from '../../dsl/kit/timeLeft.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import { type Curves, makeCurves } from './curves.js'
import type { AdmmUpdate, Measured, OwnFigures, RunFacts, RunHead, RunState, WeightsAt } from './runView.js'
import { makeThinned } from './thinned.js'
import { makeTimeline } from './timeline.js'

/** A run for display: collected from its steps and events as they occur, in memory that does not grow with the run. */
export interface RunFigures {
  /** Adds a training step. @param at seconds since 1970, if a live run is followed */
  readonly step: (metrics: TrainingMetrics, at?: number) => void
  readonly event: (logged: LoggedEvent) => void
  /** Records the end of the run. @param at seconds since 1970. @default the time of the last event */
  readonly end: (state: Extract<RunState, 'done' | 'stopped' | 'failed'>, at?: number, error?: string) => void
  readonly facts: () => RunFacts
  readonly head: () => RunHead | undefined
  readonly weights: () => readonly WeightsAt[]
  readonly curves: Curves
}

const most = {
  weights: 40,
  admm: 400,
  measured: 400,
  attacked: 60,
  own: 400,
  warnings: 100,
  artifacts: 100,
  environments: 20,
}

/**
 * The figures of a run that has no steps and events yet.
 *
 * @param name of the pipeline
 */
export const makeRunFigures = (name: string, initial: 'waiting' | 'starting' = 'starting'): RunFigures => {
  const curves = makeCurves()
  const timeline = makeTimeline()
  const progress = makeProgress()
  const weights = makeThinned<WeightsAt>(most.weights)
  const admm = makeThinned<AdmmUpdate>(most.admm)
  const measured = makeThinned<Measured>(most.measured)
  const reported = makeThinned<OwnFigures>(most.own)
  const attacked = new Map<string, RunFacts['attacked'][number]>()
  const engines = new Set<string>()
  let facts: Partial<RunFacts> & Pick<RunFacts, 'state'> = { state: initial }
  let latest: TrainingMetrics | undefined

  const listed = (key: 'warnings' | 'artifacts', text: string): void => {
    facts = { ...facts, [key]: [...new Set([...(facts[key] ?? []), text])].slice(-most[key]) }
  }
  const record = dispatchSome<RunEvent, [at: Logged], void>({
    environment: ({ environment }, { at }) => {
      facts = { ...facts, environments: [...(facts.environments ?? []), { at, environment }].slice(-most.environments) }
    },
    engine: ({ description }) => {
      engines.add(description.replace(/^engine: /, ''))
      facts = { ...facts, engine: `engine: ${[...engines].join('; then ')}`, state: 'running' }
    },
    data: ({ type: _, ...data }) => {
      facts = { ...facts, data }
    },
    phase: () => progress.restart(),
    evaluating: ({ type: _, ...evaluating }) => {
      facts = { ...facts, evaluating }
    },
    attacked: ({ type: _, ...one }) => {
      attacked.set(JSON.stringify([one.subject, one.attack, one.stage]), one)
      if (attacked.size > most.attacked) attacked.delete([...attacked.keys()][0] ?? '')
    },
    evaluation: ({ subject, accuracies }, { at, step }) => {
      measured.add({ subject, at, step, accuracies })
      const { evaluating: _, ...rest } = facts
      facts = rest
      progress.restart()
    },
    admm: ({ type: _, ...update }, { step }) => admm.add({ ...update, step }),
    weights: ({ phase, epoch, layers }, { step }) => weights.add({ phase, epoch, layers, step }),
    parameters: ({ counts }) => {
      facts = { ...facts, counts }
    },
    own: ({ name, values }, { step }) => reported.add({ name, values, step }),
    paused: () => {
      facts = { ...facts, state: 'paused' }
    },
    continued: () => {
      facts = { ...facts, state: 'running' }
      progress.restart()
    },
    artifact: ({ file }) => listed('artifacts', file),
    warning: ({ stage, message }) => listed('warnings', `${stage}: ${message}`),
  })
  return {
    curves,
    step: (metrics, at) => {
      latest = metrics
      timeline.step(metrics)
      progress.step(metrics, at)
      const { step, loss, terms, learningRate, seconds, metrics: own = {} } = metrics
      const named = Object.entries(terms).map(([term, value]) => [`term ${term}`, value] as const)
      const users = Object.entries(own).map(([name, value]) => [`metric ${name}`, value] as const)
      curves.add(step, [['loss', loss], ['learning rate', learningRate], ['seconds', seconds], ...named, ...users])
    },
    event: ({ event, at, step }) => {
      timeline.event(event, at)
      record(event, { at, step })
    },
    end: (state, at, error) => {
      timeline.end(at)
      facts = { ...facts, state, ...given({ error }) }
    },
    facts: () => ({
      name,
      environments: [],
      warnings: [],
      artifacts: [],
      ...facts,
      timeline: timeline.stretches(),
      attacked: [...attacked.values()],
      measured: measured.values(),
      admm: admm.values(),
      own: reported.values(),
    }),
    head: () => (latest ? { metrics: latest, ...progress.estimates() } : undefined),
    weights: weights.values,
  }
}

type Logged = Pick<LoggedEvent, 'at' | 'step'>

/** Estimates the remaining time from the steps since the phase began, and the speed from the last seconds. */
const makeProgress = () => {
  const window = 5
  let training = timeLeft()
  let secondsLeft: number | undefined
  let stepsPerSecond: number | undefined
  let mark: { readonly at: number; readonly step: number } | undefined
  return {
    /** Forgets the steps so far, because the next ones take a different time. */
    restart: () => {
      training = timeLeft()
      mark = undefined
      secondsLeft = undefined
    },
    step: ({ step, steps }: TrainingMetrics, at: number | undefined) => {
      if (at === undefined) return
      secondsLeft = training.at(step, steps, at)
      mark ??= { at, step }
      const passed = at - mark.at
      if (passed < 0.5) return
      stepsPerSecond = (step - mark.step) / passed
      if (passed > window) mark = { at, step }
    },
    estimates: () => ({ secondsLeft, stepsPerSecond }),
  }
}
