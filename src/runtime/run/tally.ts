import type { RunEvent } from '../../dsl/events.js'
import type { NetworkLatency, NetworkSizes } from '../../dsl/figures.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import { median } from '../../math/orderStatistics.js'
import { sum } from '../../math/sums.js'
import type { TallyState } from '../checkpoints/checkpointFile.js'
import { keptFigures } from './keptFigures.js'

/** The figures of a run, read off its events and steps as they pass. */
export interface Tally {
  readonly step: (metrics: TrainingMetrics) => void
  readonly event: (event: RunEvent) => void
  readonly state: () => TallyState
  readonly figures: () => Omit<Summary, 'pipeline' | 'params' | 'seed' | 'engine' | 'data'>
}

/** Starts to count, from what an interrupted run had counted. `now` in seconds. */
export const makeTally = (earlier: TallyState | undefined, now: () => number): Tally => {
  let started = now()
  const stepSeconds = new Map<string, number[]>()
  const batchesOf = new Map<string, number>()
  const artifacts = new Set(earlier?.artifacts)
  const warnings = new Set(earlier?.warnings)
  let counts = earlier?.counts
  // Not kept across an interruption: the stage says it again.
  let sizes: NetworkSizes | undefined
  let latency: NetworkLatency | undefined
  let before = earlier?.before
  let after = earlier?.after
  let evaluationSeconds = earlier?.evaluationSeconds ?? 0
  let evaluationStarted: number | undefined
  let paused: number | undefined

  const handlers: { readonly [T in RunEvent['type']]?: (event: Extract<RunEvent, { type: T }>) => void } = {
    parameters: (event) => {
      counts = event.counts
    },
    evaluating: () => {
      evaluationStarted ??= now()
    },
    evaluation: ({ subject, accuracies }) => {
      if (subject === 'before') before = accuracies
      if (subject === 'after') after = accuracies
      evaluationSeconds += evaluationStarted === undefined ? 0 : now() - evaluationStarted
      evaluationStarted = undefined
    },
    paused: () => {
      paused = now()
    },
    continued: () => {
      const rest = paused === undefined ? 0 : now() - paused
      paused = undefined
      started += rest
      if (evaluationStarted !== undefined) evaluationStarted += rest
    },
    sizes: (event) => {
      sizes = event.sizes
    },
    latency: (event) => {
      latency = event.latency
    },
    artifact: ({ file }) => void artifacts.add(file),
    warning: (event) => void warnings.add(`${event.stage}: ${event.message}`),
  }
  const state = (): TallyState => ({
    seconds: (earlier?.seconds ?? 0) + now() - started,
    evaluationSeconds,
    ...(counts === undefined ? {} : { counts }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    artifacts: [...artifacts],
    warnings: [...warnings],
  })
  return {
    step: ({ phase, seconds, batches }) => {
      batchesOf.set(phase, batches)
      const all = stepSeconds.get(phase)
      if (all) all.push(seconds)
      else stepSeconds.set(phase, [seconds])
    },
    // Each handler takes the events of its own type: the record's type says so, but not to an index by a union.
    event: (event) => (handlers[event.type] as ((event: RunEvent) => void) | undefined)?.(event),
    state,
    figures: () => {
      const { seconds, counts: last, ...rest } = state()
      const { evaluationSeconds: evaluation, ...outcome } = rest
      return {
        seconds: {
          total: seconds,
          ...perPhase(stepSeconds, sum),
          ...(evaluation > 0 ? { evaluation } : {}),
        },
        secondsPerStep: perPhase(stepSeconds, median),
        epochs: perPhase(stepSeconds, ({ length }, phase) => length / (batchesOf.get(phase) ?? length)),
        ...keptFigures(last, sizes),
        ...(sizes === undefined ? {} : { sizes }),
        ...(latency === undefined ? {} : { latency }),
        ...outcome,
      }
    },
  }
}

const perPhase = (
  all: ReadonlyMap<string, readonly number[]>,
  figure: (values: readonly number[], phase: string) => number,
) => Object.fromEntries([...all].map(([phase, values]) => [phase, figure(values, phase)]))
