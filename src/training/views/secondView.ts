import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { type Step, withMinibatch } from '../../dsl/step.js'
import { tf } from '../../engine/tf.js'

/**
 * The same step with its images and, as a second view of each, `moved` ones, under the same labels.
 *
 * @param moved n × height × width × channels, in the order of the images; freed here
 */
export const withSecondView = <S extends Step>(step: S, moved: Tensor4D): S => {
  const { images, labels, views } = step.minibatch
  const both = tf.concat([images, moved]) as Tensor4D
  moved.dispose()
  const twice = tf.concat([labels, labels]) as Tensor2D
  return withMinibatch(step, step.minibatch.withImages(both, twice, 2 * views))
}
