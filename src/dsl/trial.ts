/** How far a quick trial shortens a run: every stage works, and no figure is a result. */
export interface Trial {
  /** Steps of each phase of training. */
  readonly steps: number
  /** Images of a minibatch, at most. */
  readonly batchSize: number
  /** Test images. */
  readonly examples: number
  /** How many test images the data set has: more can't be asked for, in a trial as in a run. */
  readonly available: number
}

/** What a quick trial leaves of a run. Two minibatches: the second is the first after an update of the weights. */
export const quickTrial: Omit<Trial, 'available'> = { steps: 2, batchSize: 8, examples: 8 }
