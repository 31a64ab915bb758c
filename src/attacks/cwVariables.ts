import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/**
 * How near to −1 and 1 tanh w may begin: there w is infinite, and its slope 0. This is Carlini's own; a pixel at 0 is
 * 5e-7 then, and moves as little in 50 steps as where it can not move at all.
 */
const INSIDE = 1 - 1e-6

const MEAN_DECAY = 0.9
const SQUARE_DECAY = 0.999
const GUARD = 1e-8

/** Images x = (tanh w + 1)/2 in their variables w, which Adam changes. Owns tensors until it is disposed. */
export interface Variables {
  /** The images, n × height × width × channels; owned by the caller. */
  readonly images: () => Tensor4D
  /** A step of Adam downhill. @param slope of what is minimised, at `images()`; it is freed */
  readonly descend: (slope: Tensor) => void
  readonly dispose: () => void
}

/** Variables of these images. */
export const variablesOf = (images: Tensor4D, learningRate: number): Variables => {
  const start = images.dataSync<'float32'>().map((x) => Math.atanh(Math.min(INSIDE, Math.max(-INSIDE, 2 * x - 1))))
  let state = tf.tidy(() => ({
    w: tf.tensor4d(start, images.shape) as Tensor,
    mean: tf.zerosLike(images) as Tensor,
    square: tf.zerosLike(images) as Tensor,
  }))
  let step = 0
  return {
    images: () => tf.tidy(() => tf.mul(tf.add(tf.tanh(state.w), 1), 0.5)),
    descend: (slope) => {
      step++
      const { w, mean, square } = state
      state = tf.tidy(() => {
        const gradient = tf.mul(slope, tf.mul(tf.sub(1, tf.square(tf.tanh(w))), 0.5))
        const m = tf.add(tf.mul(mean, MEAN_DECAY), tf.mul(gradient, 1 - MEAN_DECAY))
        const v = tf.add(tf.mul(square, SQUARE_DECAY), tf.mul(tf.square(gradient), 1 - SQUARE_DECAY))
        const root = tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(1 - SQUARE_DECAY ** step)), GUARD)
        const rate = learningRate / (1 - MEAN_DECAY ** step)
        return { w: tf.sub(w, tf.mul(tf.div(m, root), rate)), mean: m, square: v }
      })
      tf.dispose([w, mean, square, slope])
    },
    dispose: () => tf.dispose(state),
  }
}
