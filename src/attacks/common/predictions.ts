import type { Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'

/** The class of each row of one-hot labels. */
export const classesOf = (labels: Tensor2D): Int32Array => tf.tidy(() => tf.argMax(labels, 1).dataSync<'int32'>())

/** The class of the largest logit of each row; of equal ones the first. */
export const predictionsOf = (logits: Float32Array, classes: number): Int32Array =>
  Int32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0
    for (let c = 1; c < classes; c++)
      if ((logits[row * classes + c] ?? 0) > (logits[row * classes + best] ?? 0)) best = c
    return best
  })
