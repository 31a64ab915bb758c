import type { Tensor4D } from '@tensorflow/tfjs-core'
import { lossesAndGradient } from './ascend.js'
import type { Classifier } from './attack.js'
import type { Boundary } from './fabWalk.js'
import { towards } from './losses.js'

/** z_target − z_y near the images, as a plane for each. @param truth n classes @param targets n classes */
export const planeTowards = (
  classifier: Classifier,
  images: Tensor4D,
  truth: Int32Array,
  targets: Int32Array,
): Boundary => {
  const { losses, gradient } = lossesAndGradient(classifier, images, towards(truth, targets))
  const gradients = gradient.dataSync<'float32'>()
  gradient.dispose()
  return { differences: losses, gradients }
}
