import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { Attack, AttackInput } from './common/attack.js'

/**
 * Runs an attack to its end in one call, for training or for your own script. Returns adversarial images, n × height ×
 * width × channels, which the caller owns.
 *
 * @example
 * import { type AttackInput, runAttack, square } from 'pwoa'
 * const attacked = (input: AttackInput) => runAttack(square({ epsilon: 0.3 }), input)
 * @throws RunError for images outside [0, 1], labels that are not one-hot, or logits that are not finite
 */
export const runAttack = ({ perturb }: Attack, input: AttackInput): Tensor4D => {
  const perturbing = perturb(input)
  for (;;) {
    const { done, value } = perturbing.next()
    if (done) return value
  }
}
