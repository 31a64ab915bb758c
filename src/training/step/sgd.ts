import type { Tensor1D } from '@tensorflow/tfjs-core'
import { checkOptions } from '../../dsl/checkOptions.js'
import { rejectOption } from '../../dsl/errors.js'
import { momentumUpdate } from '../../engine/ops/momentumUpdate.js'
import type { Optimizer } from './optimizer.js'

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** In [0, 1). @default 0.9 */
  readonly momentum?: number
  /** Weight of ‖w‖²/2 in the loss, ≥ 0. @default 0 */
  readonly weightDecay?: number
}

/** Stochastic gradient descent as PyTorch computes it: g ← g + decay·w, b ← momentum·b + g, w ← w − lr·b. @throws OptionError for options out of range */
export const sgd = (options: SgdOptions = {}): Optimizer => {
  const { momentum = 0.9, weightDecay = 0 } = checkOptions('sgd', options, { momentum: true, weightDecay: true })
  if (!(momentum >= 0 && momentum < 1)) rejectOption('sgd', 'momentum in [0, 1)', momentum)
  if (!(weightDecay >= 0 && weightDecay < Infinity)) rejectOption('sgd', 'weightDecay >= 0', weightDecay)
  return {
    name: 'sgd',
    config: { momentum, weightDecay },
    slots: 1,
    update: ({ weights, gradient, slots, learningRate }) => {
      const [velocity] = slots as [Tensor1D]
      const vectors = { weights, velocity, gradient }
      const [updated, moved] = momentumUpdate(vectors, { learningRate, momentum, weightDecay })
      return { weights: updated, slots: [moved] }
    },
  }
}
