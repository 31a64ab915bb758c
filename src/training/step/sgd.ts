import type { Tensor1D } from '@tensorflow/tfjs-core'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { number } from '../../dsl/options/kinds.js'
import { momentumGraph } from '../../engine/graph/momentumGraph.js'
import { momentumUpdate } from '../../engine/ops/momentumUpdate.js'
import { optimizerInGraph } from './inGraph.js'
import type { Optimizer } from './optimizer.js'

/** What {@link sgd} takes. */
export const sgdOptions = declareOptions('sgd', {
  /** Factor of the earlier steps' direction, in [0, 1). @default 0.9 */
  momentum: number({ least: 0, below: 1 }).default(0.9),
  /** Weight of ‖w‖²/2 in the loss, ≥ 0. @default 0 */
  weightDecay: number({ least: 0 }).default(0),
})

/** Options of {@link sgd}. */
export interface SgdOptions extends OptionsOf<typeof sgdOptions> {}

/**
 * Stochastic gradient descent as PyTorch computes it: g ← g + decay·w, b ← momentum·b + g, w ← w − lr·b.
 *
 * @throws OptionError for a momentum outside [0, 1) or a weight decay < 0
 */
export const sgd = (options: SgdOptions = {}): Optimizer => {
  const read = sgdOptions.read(options)
  const optimizer: Optimizer = {
    name: 'sgd',
    config: { ...read },
    slots: 1,
    update: ({ weights, gradient, slots, learningRate }) => {
      const [velocity] = slots as [Tensor1D]
      const vectors = { weights, velocity, gradient }
      const [updated, moved] = momentumUpdate(vectors, { ...read, learningRate })
      return { weights: updated, slots: [moved] }
    },
  }
  return optimizerInGraph(optimizer, {
    graph: momentumGraph,
    numbers: ({ learningRate }) => momentumGraph.numbers({ ...read, learningRate }),
  })
}
