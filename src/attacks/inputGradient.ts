import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { softmaxCrossEntropy } from '../engine/ops/softmaxCrossEntropy.js'
import { tf } from '../engine/tf.js'
import type { Classifier } from './attack.js'

/**
 * Gradient of the cross entropy with respect to the images. Summed over the batch, not averaged: the sign is the
 * same, and a confident network's small gradients are not pushed further towards zero in float32.
 */
export const inputGradient = (classifier: Classifier, images: Tensor4D, labels: Tensor2D): Tensor4D =>
  tf.grad((x: Tensor) => tf.sum(softmaxCrossEntropy(classifier(x as Tensor4D), labels)))(images) as Tensor4D
