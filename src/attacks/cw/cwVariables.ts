import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { adamUpdate } from '../../engine/ops/adamUpdate.js'
import { tf } from '../../engine/tf.js'

/**
 * Bound of |tanh w| at the start, as in Carlini's code: at ±1, w would be infinite and its slope 0. A pixel at 0 starts at
 * 5e-7, and in 50 steps moves as little as one that cannot move at all.
 */
const INSIDE = 1 - 1e-6

/** Adam's usual constants. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const

/** Images x = (tanh w + 1)/2 in their variables w, which Adam changes. Owns tensors until it is disposed. */
export interface Variables {
  /** The images, n × height × width × channels; owned by the caller. */
  readonly images: () => Tensor4D
  /** A step of Adam downhill. @param slope gradient of the objective at `images()`; `descend` frees it */
  readonly descend: (slope: Tensor) => void
  readonly dispose: () => void
}

/** Variables of these images, each in [0, 1]. */
export const variablesOf = (images: Tensor4D, learningRate: number): Variables => {
  const start = images.dataSync<'float32'>().map((x) => Math.atanh(Math.min(INSIDE, Math.max(-INSIDE, 2 * x - 1))))
  let [w, mean, square]: readonly [Tensor1D, Tensor1D, Tensor1D] = [
    tf.tensor1d(start),
    tf.zeros([images.size]),
    tf.zeros([images.size]),
  ]
  let step = 0
  return {
    images: () => tf.tidy(() => tf.reshape(tf.mul(tf.add(tf.tanh(w), 1), 0.5), images.shape)),
    descend: (slope) => {
      step++
      const before = [w, mean, square, slope]
      ;[w, mean, square] = tf.tidy(() => {
        const inner = tf.mul(tf.sub(1, tf.square(tf.tanh(w))), 0.5)
        const gradient: Tensor1D = tf.mul(tf.reshape(slope, [-1]), inner)
        return adamUpdate({ weights: w, mean, square, gradient }, { learningRate, ...ADAM, step })
      })
      tf.dispose(before)
    },
    dispose: () => tf.dispose([w, mean, square]),
  }
}
