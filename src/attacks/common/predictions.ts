import type { Tensor2D } from '@tensorflow/tfjs-core'
import { numbersOf } from '../../engine/ops/numbersOf.js'
import { tf } from '../../engine/tf.js'

/** The class of each row of one-hot labels, n. @param labels n × classes */
export const classesOf = (labels: Tensor2D): Int32Array => numbersOf<'int32'>(() => tf.argMax(labels, 1))

/** The class with the largest logit of each row, n; the lowest class among equal logits. @param logits n × classes */
export const predictionsOf = (logits: Float32Array, classes: number): Int32Array =>
  Int32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0
    for (let c = 1; c < classes; c++)
      if ((logits[row * classes + c] ?? 0) > (logits[row * classes + best] ?? 0)) best = c
    return best
  })
