import type { Tensor1D } from '@tensorflow/tfjs-core'
import { made, nameOfMade } from '../../dsl/options/kinds.js'
import type { Option } from '../../dsl/options/option.js'

/** What an optimizer sees of one step. */
export interface Update {
  readonly weights: Tensor1D
  readonly gradient: Tensor1D
  /** The optimizer's own vectors, all zeros before the first step. */
  readonly slots: readonly Tensor1D[]
  /** Steps done in this phase, this one included. */
  readonly step: number
  readonly learningRate: number
}

/** A gradient method as a value: a pure function of one step, with the number of vectors it remembers. */
export interface Optimizer {
  readonly name: string
  readonly config: Readonly<Record<string, number>>
  readonly slots: number
  /** New weights and slots; the old ones are left as they are. */
  readonly update: (update: Update) => { readonly weights: Tensor1D; readonly slots: readonly Tensor1D[] }
}

/** An option: an optimizer. */
export const optimizerOption = (): Option<Optimizer> =>
  made('an optimizer, such as adam()', (value) => 'update' in value, undefined, {
    meant: (value) => {
      const schedule = nameOfMade(value, 'factor')
      if (schedule !== undefined) return `${schedule} is a schedule: write schedule: ${schedule}()`
      return typeof value === 'string' && /^\w+$/.test(value) ? `write ${value}()` : undefined
    },
  })
