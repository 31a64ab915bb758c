import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import type { LossInputs, LossValues } from '../engine/graph/graphLoss.js'
import { softmaxCrossEntropy } from '../engine/ops/softmaxCrossEntropy.js'
import { tf } from '../engine/tf.js'

/**
 * Mean cross entropy −1/n · Σ_i Σ_c y_ic · log softmax(logits_i)_c, as `torch.nn.functional.cross_entropy` computes it.
 *
 * @param logits n × classes
 * @param labels n × classes, one-hot or soft
 */
export const crossEntropyLoss = (logits: Tensor2D, labels: Tensor2D): Scalar =>
  tf.mean(softmaxCrossEntropy(logits, labels)) as Scalar

/** weight·`crossEntropyLoss` as a part of a graph. */
export const crossEntropyInGraph =
  (weight: number) =>
  ({ graph, count, logits, labels }: LossInputs): LossValues => {
    const { losses, gradient } = graph.softmaxCrossEntropy(logits.value, labels)
    return {
      loss: graph.multiply(graph.mean(losses, [0], 'removed'), graph.number(weight)),
      logits: graph.multiply(gradient, graph.number(weight / count)),
    }
  }
