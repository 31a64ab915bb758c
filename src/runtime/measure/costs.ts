import type { EvaluationCost } from '../../dsl/trial.js'
import { median } from '../../math/orderStatistics.js'
import { sum } from '../../math/sums.js'

/** What a phase of training takes. */
export interface PhaseCost {
  readonly phase: string
  readonly epochs: number
  /** Training steps of the whole phase. */
  readonly steps: number
  /** Median of the timed steps. */
  readonly secondsPerStep: number
  readonly seconds: number
  /** Bytes that the process had at most, while the steps were timed. */
  readonly memory: number
}

/** What the passes of an evaluation take. */
export interface EvaluationShare extends EvaluationCost {
  /** How often the run makes it: once, or after every so many epochs. */
  readonly times: number
  /** Bytes that the process had after it. */
  readonly memory: number
}

/** What a run takes, from a measured trial of it. */
export interface RunCost {
  /** The engine that it was measured on. */
  readonly engine: string
  /** Seconds until the data set is open. */
  readonly openSeconds: number
  readonly phases: readonly PhaseCost[]
  readonly evaluations: readonly EvaluationShare[]
  /** Every attack is taken to attack all images. */
  readonly seconds: number
  /** Bytes, the most of all phases and evaluations. */
  readonly memory: number
}

/** Steps of a phase in which graphs are made and memory is allocated: they are not timed. */
export const WARM_UP = 2

/** The steps of a phase that a measured trial has made. */
export interface PhaseSample {
  readonly phase: string
  readonly epochs: number
  /** Seconds of each step, in order; at least one. */
  readonly seconds: readonly number[]
  readonly memory: number
}

/** What the plan says of a run. */
export interface WholeRun {
  /** Training images. */
  readonly images: number
  readonly batchSize: number
  /** Steps after which each phase ends, if `limit` says so. */
  readonly limit: number
  /** Every how many epochs `attackEval` evaluates as well; Infinity if never. */
  readonly every: number
}

/** What a phase takes: steps = min(epochs · ⌈images / batch size⌉, limit), each as long as the median of those timed. */
export const phaseCost = (sample: PhaseSample, { images, batchSize, limit }: WholeRun): PhaseCost => {
  const { phase, epochs, seconds, memory } = sample
  const steps = Math.min(epochs * Math.ceil(images / batchSize), limit)
  const timed = seconds.length > WARM_UP ? seconds.slice(WARM_UP) : seconds.slice(-1)
  const secondsPerStep = median(timed)
  return { phase, epochs, steps, secondsPerStep, seconds: steps * secondsPerStep, memory }
}

/**
 * How often a run makes an evaluation. One of each epoch is made after each; the one at the end also after every so many
 * epochs of each phase, but not twice after the last one.
 */
export const timesOf = (subject: EvaluationCost['subject'], epochs: readonly number[], every: number): number => {
  if (subject === 'before') return 1
  if (subject === 'epoch') return sum(epochs)
  const between = epochs.map((count) => Math.floor(count / every))
  const last = epochs.at(-1) ?? 0
  return 1 + sum(between) - (last > 0 && last % every === 0 ? 1 : 0)
}
