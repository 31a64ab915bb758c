/** How far a trial shortens a run: every stage works, and no figure is a result. */
export interface Trial {
  /** Steps of each phase of training. */
  readonly steps: number
  /** Images of a minibatch, at most. */
  readonly batchSize: number
  /** Test images. */
  readonly examples: number
  /** How many test images the data set has: more can't be asked for, in a trial as in a run. */
  readonly available: number
  /** How many images the data set keeps out of training, 0 if none. */
  readonly heldOut: number
  /** Receives what a run would take: attacks are then timed in place of shortened. @default undefined, a quick trial */
  readonly meter?: Meter
}

/** What a trial leaves of a run, whatever the data set. */
export type TrialSize = Pick<Trial, 'steps' | 'batchSize' | 'examples'>

/** What a quick trial leaves of a run. Two minibatches: the second is the first after an update of the weights. */
export const quickTrial: TrialSize = { steps: 2, batchSize: 8, examples: 8 }

/**
 * What a measured trial leaves of a run. Seven minibatches of full size: two in which graphs are built and memory is
 * allocated, and five that are timed.
 */
export const measuredTrial: TrialSize = {
  steps: 7,
  batchSize: Number.POSITIVE_INFINITY,
  examples: 64,
}

/** The data set of a run, whole. */
export interface OpenedData {
  readonly train: number
  /** Seconds that it took to open. */
  readonly seconds: number
}

/** What one pass of an evaluation over all its images would take. */
export interface EvaluationCost {
  readonly stage: string
  /** `epoch`: in training, after each epoch. */
  readonly subject: 'before' | 'after' | 'epoch'
  /** `clean` or the attack's name, and which of its attacks. */
  readonly attack: string
  readonly part: string
  /** Images of the evaluation. */
  readonly examples: number
  /** If every image reaches this attack. */
  readonly seconds: number
}

/** Receives what the parts of a run would take, from a measured trial of it. */
export interface Meter {
  /** Receives the data set, after it was opened. */
  readonly opened: (data: OpenedData) => void
  /** Receives the cost of one attack of an evaluation. */
  readonly evaluated: (cost: EvaluationCost) => void
}
