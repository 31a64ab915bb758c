import { rejectOption } from '../../dsl/errors.js'
import { readArgument } from '../../dsl/options/declare.js'
import { list, made, nameOfMade, number, whole } from '../../dsl/options/kinds.js'
import type { Option } from '../../dsl/options/option.js'

/** The position of training in its phase. */
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
  /** The factor of a step's learning rate, in (0, 1]. */
  readonly factor: (progress: Progress) => number
}

/** An option: a schedule of the learning rate. A plan states its name. */
export const scheduleOption = (): Option<Schedule> =>
  made(
    'a schedule, such as cosine()',
    (value) => 'factor' in value,
    ({ name }) => name,
    {
      meant: (value) => {
        const optimizer = nameOfMade(value, 'update')
        if (optimizer !== undefined) return `${optimizer} is an optimizer: write optimizer: ${optimizer}()`
        return typeof value === 'string' && /^\w+$/.test(value) ? `write ${value}()` : undefined
      },
    },
  )

/** A constant learning rate. */
export const constant = (): Schedule => ({ name: 'constant', factor: () => 1 })

/**
 * A tenth at each third of `every` epochs, and then from 1 again: the ADMM phase's schedule, whose period is that of the
 * updates of Z and U. So the weights are free to follow each new Z, and settle before the next one.
 *
 * @param every epochs of a period, ≥ 1
 * @throws OptionError for a period that is not a whole number ≥ 1
 * Source: `admm_adjust_learning_rate` of the reference code.
 */
export const thirds = (every: number): Schedule => {
  readArgument('thirds', 'every', whole(1), every)
  return {
    name: `thirds of ${every} epochs`,
    factor: ({ epoch }) => 0.1 ** Math.floor((3 * (epoch % every)) / every),
  }
}

/**
 * A tenth from each of the given parts of the phase on, step by step, as PyTorch's `MultiStepLR`.
 *
 * @param parts each in (0, 1), rising: the reference retrains MNIST's networks with [0.75, 0.9]
 * @throws OptionError for parts outside (0, 1), or that do not rise
 */
export const multiStep = (parts: readonly number[]): Schedule => {
  readArgument('multiStep', 'parts', list(number({ above: 0, below: 1 })), parts)
  if (!parts.every((part, i) => part > (parts[i - 1] ?? 0)))
    rejectOption('multiStep', 'parts that rise', parts.join(', '))
  return {
    name: `a tenth at ${parts.join(', ')}`,
    factor: ({ step, steps }) => 0.1 ** parts.filter((part) => step >= part * steps).length,
  }
}

/** Half a cosine from 1 to 4e-5 of the learning rate, step by step (Loshchilov, Hutter 2017). */
export const cosine = (): Schedule => ({
  name: 'cosine',
  factor: ({ step, steps }) => FLOOR + ((1 - FLOOR) * (1 + Math.cos((Math.PI * step) / steps))) / 2,
})

/** The last value of the reference's cosine: 4e-8 for a learning rate of 1e-3. */
const FLOOR = 4e-5
