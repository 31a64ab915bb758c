import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * −Σ_c labels_c · log softmax(logits)_c of each example. The same kernel gives the gradient, softmax(logits) − labels.
 * Labels are probabilities (one-hot or soft) and get no gradient.
 *
 * @param logits n × classes
 * @param labels n × classes
 * @returns n
 */
export const softmaxCrossEntropy = (logits: Tensor2D, labels: Tensor2D): Tensor1D =>
  tf.customGrad((input, save) => {
    const [loss, gradient] = tf
      .engine()
      .runKernel('PwoaSoftmaxCrossEntropy', { logits: input as Tensor2D, labels }) as [Tensor1D, Tensor2D]
    ;(save as (tensors: Tensor2D[]) => void)([gradient])
    return {
      value: loss,
      gradFunc: (dy, saved) => tf.mul(tf.expandDims(dy, 1), (saved as Tensor2D[])[0] ?? gradient),
    }
  })(logits) as Tensor1D
