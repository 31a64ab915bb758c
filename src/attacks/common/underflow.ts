import { rejectOption } from '../../dsl/errors.js'
import { choice } from '../../dsl/options/kinds.js'

/** The option of the attacks that maximise the cross entropy, for networks whose softmax underflows. */
export const underflowField = {
  /**
   * `rescale`: where the network is so certain that the softmax underflows in float32, the gradient of the cross entropy
   * still has its direction. It is taken in float64, from the logarithm of the cross entropy. Only for the cross
   * entropy. @default its gradient in float32, as in published evaluations
   */
  underflow: choice(['rescale']).optional('its gradient in float32, as in published evaluations'),
}

/** What the option takes; undefined if it is left out. */
export type Underflow = 'rescale' | undefined

/** Refuses the option for other losses. @throws OptionError for `rescale` with another loss than the cross entropy */
export const checkUnderflow = (attack: string, loss: string, underflow: Underflow): void => {
  if (underflow && loss !== 'ce') rejectOption(attack, "loss 'ce' with underflow 'rescale'", `"${loss}"`)
}
