/** Where training stands in its phase. */
export interface Progress {
  /** Steps done in the phase before this one, and how many it has. */
  readonly step: number
  readonly steps: number
  /** Epochs done in the phase before this one, and how many it has. */
  readonly epoch: number
  readonly epochs: number
}

/** A learning rate over a phase, as a value: a factor of the phase's learning rate. */
export interface Schedule {
  readonly name: string
  /** What the learning rate of a step is multiplied by, in (0, 1]. */
  readonly factor: (progress: Progress) => number
}

/** The learning rate as it is. */
export const constant = (): Schedule => ({ name: 'constant', factor: () => 1 })

/** A tenth at each third of the epochs: the ADMM phase's schedule. */
export const thirds = (): Schedule => ({
  name: 'thirds',
  factor: ({ epoch, epochs }) => 0.1 ** Math.min(2, Math.floor((3 * epoch) / epochs)),
})

/** Half a cosine from 1 to 4e-5 of the learning rate, step by step: the retraining's schedule (Loshchilov, Hutter 2017). */
export const cosine = (): Schedule => ({
  name: 'cosine',
  factor: ({ step, steps }) => FLOOR + ((1 - FLOOR) * (1 + Math.cos((Math.PI * step) / steps))) / 2,
})

/** What the reference's cosine ends at: 4e-8 for a learning rate of 1e-3. */
const FLOOR = 4e-5
