import type { Tensor1D } from '@tensorflow/tfjs-core'
import { checkOptions } from '../../dsl/checkOptions.js'
import { checkPositive } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { adamUpdate } from '../../engine/ops/adamUpdate.js'
import type { Optimizer } from './optimizer.js'

/** Options of {@link adam}. */
export interface AdamOptions {
  /** Decay of the mean of gradients, in [0, 1). @default 0.9 */
  readonly beta1?: number
  /** Decay of the mean of squared gradients, in [0, 1). @default 0.999 */
  readonly beta2?: number
  /** @default 1e-8 */
  readonly epsilon?: number
}

/**
 * Adam as PyTorch computes it: m ← m + (1 − β1)(g − m), v ← β2·v + (1 − β2)·g²,
 * w ← w − lr / (1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + ε).
 *
 * @throws OptionError for a decay outside [0, 1) or ε ≤ 0
 * Source: Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
 */
export const adam = (options: AdamOptions = {}): Optimizer => {
  const {
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
  } = checkOptions('adam', options, { beta1: true, beta2: true, epsilon: true })
  for (const [name, decay] of Object.entries({ beta1, beta2 }))
    if (!(decay >= 0 && decay < 1)) rejectOption('adam', `${name} in [0, 1)`, decay)
  checkPositive('adam', 'epsilon', epsilon)
  return {
    name: 'adam',
    config: { beta1, beta2, epsilon },
    slots: 2,
    update: ({ weights, gradient, slots, step, learningRate }) => {
      const [mean, square] = slots as [Tensor1D, Tensor1D]
      const options = { learningRate, beta1, beta2, epsilon, step }
      const [updated, ...moved] = adamUpdate({ weights, mean, square, gradient }, options)
      return { weights: updated, slots: moved }
    },
  }
}
