import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { median } from '../../math/orderStatistics.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { Student } from '../network/network.js'
import { randomWeights } from '../network/randomWeights.js'
import { type TimeLimits, timeInTurn } from '../network/timeInTurn.js'

/** Enough for a median that a second measurement reproduces within a few hundredths on an idle machine. */
const LIMITS: TimeLimits = { rounds: 40, seconds: 1 }

/** Any number: times do not depend on weights. */
const SEED = 1

/**
 * The time that a network takes, divided by that of another one, on this engine and machine: the median of the ratios of
 * alternating passes.
 *
 * @param images in a batch
 */
export const latencyShare = (whole: Architecture, images: number) => {
  const { height, width, channels } = whole.input
  return (smaller: Architecture): number => {
    const networks = [smaller, whole].map((net) => new Student(net, randomWeights(net, SEED, 'latency')))
    const batch: Tensor4D = tf.randomUniform([images, height, width, channels], 0, 1, 'float32', SEED)
    const pass = (network: Student) => (): void => tf.dispose(tf.tidy(() => network.logits(batch)))
    const [mine = [], theirs = []] = timeInTurn(networks.map(pass), LIMITS)
    batch.dispose()
    for (const network of networks) network.dispose()
    return median(mine.map((seconds, i) => seconds / (theirs[i] ?? 1)))
  }
}
