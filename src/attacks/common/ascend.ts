import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../../dsl/errors.js'
import { numbersOf } from '../../engine/ops/numbersOf.js'
import { tf } from '../../engine/tf.js'
import type { Classifier } from './attack.js'
import type { Losses } from './losses.js'

/** What one forward and one backward pass compute. */
export interface Pass {
  /** n × classes, row by row. */
  readonly logits: Float32Array
  /** One loss per example, n. */
  readonly losses: Float32Array
  /** ∂ Σ losses / ∂ images; owned by the caller. */
  readonly gradient: Tensor4D
}

/**
 * Losses, and the gradient of their sum with respect to the images. The losses are summed over the batch, not averaged,
 * so each example's gradient is independent of the batch size, and the small gradients of a confident network do not
 * become smaller still in float32.
 *
 * @throws RunError if a logit is not finite
 */
export const lossesAndGradient = (classifier: Classifier, images: Tensor4D, losses: Losses): Pass => {
  let logits: Float32Array = new Float32Array()
  const values = (x: Tensor): Tensor => {
    const output = classifier(x as Tensor4D)
    logits = output.dataSync<'float32'>()
    checkLogits(logits)
    return losses(output)
  }
  let found: Float32Array = new Float32Array()
  const gradient = tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad(values)(images, tf.ones([images.shape[0]]))
    found = value.dataSync<'float32'>()
    return grad as Tensor4D
  })
  return { logits, losses: found, gradient }
}

/** The logits of a batch, n × classes, row by row. @throws RunError if a logit is not finite */
export const logitsOf = (classifier: Classifier, images: Tensor4D): Float32Array => {
  const logits = numbersOf(() => classifier(images))
  checkLogits(logits)
  return logits
}

const checkLogits = (logits: Float32Array): void => {
  const broken = logits.find((value) => !Number.isFinite(value))
  if (broken === undefined) return
  throw new PwoaFailure({ _tag: 'RunError', stage: 'classifier', expected: 'finite logits', actual: String(broken) })
}
