/** The attacked images of the golden scripts, which do not depend on the network. */
import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { Attack } from '../../src/attacks/common/attack.js'
import { tf } from '../../src/engine/tf.js'

/** @param directions a number per pixel of each example of the data set: the pixel changes by `epsilon` in its direction */
export const fixedAttack = (directions: Float32Array, epsilon: number): Attack => ({
  name: 'fixed',
  config: {},
  norm: 'Linf',
  epsilon,
  *perturb({ images, indices }) {
    yield 0.5
    return tf.tidy((): Tensor4D => {
      const size = images.size / indices.length
      const rows = Float32Array.from({ length: images.size }, (_, i) =>
        Math.sign(directions[(indices[Math.floor(i / size)] ?? 0) * size + (i % size)] ?? 0),
      )
      return tf.clipByValue(tf.add(images, tf.mul(tf.tensor4d(rows, images.shape), epsilon)), 0, 1) as Tensor4D
    })
  },
})
