import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { adamUpdate } from '../../engine/ops/adamUpdate.js'
import { tf } from '../../engine/tf.js'

/**
 * Bound of |tanh w| at the start, as in the code of Carlini: at ±1, w would be infinite and its gradient 0. A pixel at 0
 * starts at 5e-7, and hardly moves in 50 steps.
 */
const INSIDE = 1 - 1e-6

/** The default constants of Adam. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const

/** Images x = (tanh w + 1)/2 as functions of the variables w, which Adam changes. Owns tensors until it is disposed. */
export interface Variables {
  /** The images, n × height × width × channels; owned by the caller. */
  readonly images: () => Tensor4D
  /** Makes a step of Adam. @param gradient of the objective at `images()`; `descend` frees it */
  readonly descend: (gradient: Tensor) => void
  /** Frees the tensors. */
  readonly dispose: () => void
}

/** The variables of these images, which are in [0, 1]. */
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
    descend: (imageGradient) => {
      step++
      const old = [w, mean, square, imageGradient]
      ;[w, mean, square] = tf.tidy(() => {
        const derivative = tf.mul(tf.sub(1, tf.square(tf.tanh(w))), 0.5)
        const gradient: Tensor1D = tf.mul(tf.reshape(imageGradient, [-1]), derivative)
        return adamUpdate({ weights: w, mean, square, gradient }, { learningRate, ...ADAM, step })
      })
      tf.dispose(old)
    },
    dispose: () => tf.dispose([w, mean, square]),
  }
}
