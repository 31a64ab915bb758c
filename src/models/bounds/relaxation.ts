import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'

/** Bounds of values, of one shape. */
export interface Interval {
  readonly lower: Tensor
  readonly upper: Tensor
}

/** Lines below and above a ReLU on an interval: y ≥ below · x and y ≤ above · x + offset. */
export interface ReluLines {
  readonly below: Tensor
  readonly above: Tensor
  readonly offset: Tensor
}

/**
 * The lines of CROWN. With l ≤ x ≤ u: y = x where l ≥ 0, y = 0 where u ≤ 0; otherwise y ≤ u(x − l)/(u − l), and y ≥ x if
 * u ≥ −l, or else y ≥ 0, so that the area between the two lines is smallest.
 *
 * Source: Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions", NeurIPS 2018,
 * sec. 3.2 and table 1.
 */
export const reluLines = ({ lower, upper }: Interval): ReluLines =>
  tf.tidy(() => {
    const active = tf.greaterEqual(lower, 0)
    const dead = tf.lessEqual(upper, 0)
    const width = tf.sub(upper, lower)
    const unstable = tf.logicalAnd(tf.logicalNot(active), tf.logicalNot(dead))
    const slope = tf.div(upper, tf.where(unstable, width, tf.onesLike(width)))
    const kept = tf.cast(active, 'float32')
    return {
      below: tf.where(unstable, tf.cast(tf.greaterEqual(tf.add(upper, lower), 0), 'float32'), kept),
      above: tf.where(unstable, slope, kept),
      offset: tf.where(unstable, tf.neg(tf.mul(slope, lower)), tf.zerosLike(width)),
    }
  })

/** How many values of an interval may have either sign. */
export const unstableCount = ({ lower, upper }: Interval): number =>
  tf.tidy(() => tf.sum(tf.cast(tf.logicalAnd(tf.less(lower, 0), tf.greater(upper, 0)), 'float32')).dataSync()[0] ?? 0)
