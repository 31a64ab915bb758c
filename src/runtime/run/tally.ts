import type { Certificate } from '../../dsl/certificates.js'
import type { RunEvent } from '../../dsl/events.js'
import type { DeviceFigures, NetworkLatency, NetworkSizes } from '../../dsl/figures.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import { given } from '../../dsl/kit/given.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import { median } from '../../math/orderStatistics.js'
import { sum } from '../../math/sums.js'
import type { TallyState } from '../checkpoints/checkpointFile.js'
import { keptFigures } from './keptFigures.js'

/** Computes the figures of a run from its events and steps. */
export interface Tally {
  readonly step: (metrics: TrainingMetrics) => void
  /** Counts a step of an earlier part of the run. */
  readonly replayed: (metrics: TrainingMetrics) => void
  readonly event: (event: RunEvent) => void
  readonly state: () => TallyState
  readonly figures: () => Omit<Summary, 'pipeline' | 'params' | 'seed' | 'data'>
}

/**
 * Starts with what an interrupted run had counted.
 *
 * @param engine of this part of the run
 * @param now a clock, in seconds
 */
export const makeTally = (earlier: TallyState | undefined, engine: string, now: () => number): Tally => {
  let started = now()
  let engines = earlier?.engines ?? []
  const stepSeconds = new Map<string, number[]>()
  const batchesOf = new Map<string, number>()
  const artifacts = new Set(earlier?.artifacts)
  const warnings = new Set(earlier?.warnings)
  let counts = earlier?.counts
  // Not kept across an interruption: the stage reports them again.
  let sizes: NetworkSizes | undefined
  let latency: NetworkLatency | undefined
  const devices = new Map<string, DeviceFigures>()
  const certificates = new Map<string, Certificate>()
  let before = earlier?.before
  let after = earlier?.after
  let evaluationSeconds = earlier?.evaluationSeconds ?? 0
  let evaluationStarted: number | undefined
  let paused: number | undefined

  /** An engine counts when it computes: a part of a run may be stopped before, or find nothing left to do. */
  const computes = (): void => {
    if (engines.at(-1) !== engine) engines = [...engines.filter((name) => name !== engine), engine]
  }

  const evaluated = (): void => {
    evaluationSeconds += evaluationStarted === undefined ? 0 : now() - evaluationStarted
    evaluationStarted = undefined
  }

  const count = dispatchSome<RunEvent, [], void>({
    parameters: (event) => {
      counts = event.counts
    },
    evaluating: () => {
      computes()
      evaluationStarted ??= now()
    },
    evaluation: ({ subject, accuracies }) => {
      if (subject === 'before') before = accuracies
      if (subject === 'after') after = accuracies
      evaluated()
    },
    certified: ({ certificate }) => {
      certificates.set(certificate.subject, certificate)
      evaluated()
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
    device: ({ figures }) => void devices.set(figures.file, figures),
    artifact: ({ file }) => void artifacts.add(file),
    warning: (event) => void warnings.add(`${event.stage}: ${event.message}`),
  })
  const state = (): TallyState => ({
    seconds: (earlier?.seconds ?? 0) + now() - started,
    evaluationSeconds,
    engines,
    ...given({ counts, before, after }),
    artifacts: [...artifacts],
    warnings: [...warnings],
  })
  const replayed: Tally['replayed'] = ({ phase, seconds, batches }) => {
    batchesOf.set(phase, batches)
    const all = stepSeconds.get(phase)
    if (all) all.push(seconds)
    else stepSeconds.set(phase, [seconds])
  }
  return {
    step: (metrics) => {
      computes()
      replayed(metrics)
    },
    replayed,
    event: count,
    state,
    figures: () => {
      const { seconds, counts: last, engines: used = [], ...rest } = state()
      const { evaluationSeconds: evaluation, ...outcome } = rest
      return {
        engine: used.at(-1) ?? engine,
        ...(used.length > 1 ? { otherEngines: used.slice(0, -1) } : {}),
        seconds: {
          total: seconds,
          ...perPhase(stepSeconds, sum),
          ...(evaluation > 0 ? { evaluation } : {}),
        },
        secondsPerStep: perPhase(stepSeconds, median),
        epochs: perPhase(stepSeconds, ({ length }, phase) => length / (batchesOf.get(phase) ?? length)),
        ...keptFigures(last, sizes),
        ...given({ sizes, latency, devices: valuesOf(devices), certificates: valuesOf(certificates) }),
        ...outcome,
      }
    },
  }
}

/** Undefined if there are none. */
const valuesOf = <A>(map: ReadonlyMap<string, A>): readonly A[] | undefined =>
  map.size > 0 ? [...map.values()] : undefined

const perPhase = (
  all: ReadonlyMap<string, readonly number[]>,
  figure: (values: readonly number[], phase: string) => number,
) => Object.fromEntries([...all].map(([phase, values]) => [phase, figure(values, phase)]))
