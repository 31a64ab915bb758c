import type { Tensor1D } from '@tensorflow/tfjs-core'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { number, positive } from '../../dsl/options/kinds.js'
import { adamGraph } from '../../engine/graph/adamGraph.js'
import { adamUpdate } from '../../engine/ops/adamUpdate.js'
import { optimizerInGraph } from './inGraph.js'
import type { Optimizer } from './optimizer.js'

/** What {@link adam} takes. */
export const adamOptions = declareOptions('adam', {
  /** β1, decay of the mean of gradients, in [0, 1). @default 0.9 */
  beta1: number({ least: 0, below: 1 }).default(0.9),
  /** β2, decay of the mean of squared gradients, in [0, 1). @default 0.999 */
  beta2: number({ least: 0, below: 1 }).default(0.999),
  /** ε > 0, added to the denominator. @default 1e-8 */
  epsilon: positive().default(1e-8),
})

/** Options of {@link adam}. */
export interface AdamOptions extends OptionsOf<typeof adamOptions> {}

/**
 * Adam as PyTorch computes it: m ← m + (1 − β1)(g − m), v ← β2·v + (1 − β2)·g²,
 * w ← w − lr / (1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + ε).
 *
 * @throws OptionError for a decay outside [0, 1) or ε ≤ 0
 * Source: Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
 */
export const adam = (options: AdamOptions = {}): Optimizer => {
  const read = adamOptions.read(options)
  const optimizer: Optimizer = {
    name: 'adam',
    config: { ...read },
    slots: 2,
    update: ({ weights, gradient, slots, step, learningRate }) => {
      const [mean, square] = slots as [Tensor1D, Tensor1D]
      const [updated, ...moved] = adamUpdate({ weights, mean, square, gradient }, { ...read, learningRate, step })
      return { weights: updated, slots: moved }
    },
  }
  return optimizerInGraph(optimizer, { graph: adamGraph, numbers: (step) => adamGraph.numbers({ ...read, ...step }) })
}
