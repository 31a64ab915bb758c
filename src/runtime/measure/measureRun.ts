import { isLeft } from 'fp-ts/lib/Either.js'
import { type PwoaError, PwoaFailure } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'
import type { EvaluationCost, OpenedData } from '../../dsl/trial.js'
import { sum } from '../../math/sums.js'
import { measuredTrialOf } from '../trial/trialOf.js'
import { type PhaseSample, phaseCost, type RunCost, timesOf, type WholeRun } from './costs.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Sample extends Mutable<Omit<PhaseSample, 'seconds'>> {
  readonly seconds: number[]
}

/** What measuring needs of a run's options; its files go to `out`, and can be deleted afterwards. */
export type MeasureOptions = Pick<RunOptions, 'dataDir' | 'engine' | 'seed' | 'signal'> & { readonly out: string }

/**
 * Measures a pipeline: runs a few steps of each phase and a batch of each attack, and calculates what the whole run takes on
 * this machine. Exports, shrinking and checkpoints are not counted.
 *
 * @throws PwoaFailure as the run would fail
 */
export const measureRun = async (pipeline: Pipeline<Step>, options: MeasureOptions): Promise<RunCost> => {
  const samples: Sample[] = []
  const evaluations: (EvaluationCost & { readonly memory: number })[] = []
  let data: OpenedData = { train: 0, seconds: 0 }
  let engine = ''
  const trial = measuredTrialOf(pipeline, {
    opened: (whole) => {
      data = whole
    },
    evaluated: (cost) => void evaluations.push({ ...cost, memory: memoryNow() }),
  })
  const run = trial.run(options)
  run.events$.subscribe((event) => {
    if (event.type === 'engine') engine = event.name
    if (event.type === 'phase') samples.push({ phase: event.phase, epochs: event.epochs, seconds: [], memory: 0 })
  })
  run.metrics$.subscribe(({ seconds }) => {
    const sample = samples.at(-1)
    if (!sample) return
    sample.seconds.push(seconds)
    sample.memory = Math.max(sample.memory, memoryNow())
  })
  const ended = await run.result
  if (isLeft(ended)) throw failureOf(ended.left)
  const whole = wholeOf(pipeline, data.train)
  const phases = samples.filter(({ seconds }) => seconds.length > 0).map((sample) => phaseCost(sample, whole))
  const epochs = phases.map((phase) => phase.epochs)
  const shares = evaluations.map((cost) => ({ ...cost, times: timesOf(cost.subject, epochs, whole.every) }))
  return {
    engine,
    openSeconds: data.seconds,
    phases,
    evaluations: shares,
    seconds:
      data.seconds +
      sum(phases.map(({ seconds }) => seconds)) +
      sum(shares.map(({ seconds, times }) => times * seconds)),
    memory: Math.max(0, ...[...phases, ...shares].map(({ memory }) => memory)),
  }
}

const failureOf = (error: PwoaError): PwoaFailure => new PwoaFailure(error)

/** Bytes of the process in memory. */
const memoryNow = (): number => process.memoryUsage.rss()

const wholeOf = ({ plan, source }: Pipeline<Step>, images: number): WholeRun => {
  const numberOf = (stage: string, name: string): number => {
    const value = plan.find((info) => info.stage === stage)?.config[name]
    return typeof value === 'number' ? value : Number.POSITIVE_INFINITY
  }
  return {
    images,
    batchSize: source.batchSize,
    limit: numberOf('limit', 'steps'),
    every: numberOf('attackEval', 'every'),
  }
}
