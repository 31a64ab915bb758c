import type { Tensor4D } from '@tensorflow/tfjs-core'
import { numbersOf } from '../../engine/ops/numbersOf.js'
import { tf } from '../../engine/tf.js'

/**
 * Receives the gradients that an attack takes, as far as they matter: which examples have one to follow.
 *
 * @param indices of the examples in their data set, n
 * @param usable n; 1 for a gradient that the attack can follow, 0 for one that is zero or not finite
 */
export type GradientWatch = (indices: Uint32Array, usable: Uint8Array) => void

/** The part of an attack's input that a report needs. */
interface Watched {
  readonly indices: Uint32Array
  readonly onGradient?: GradientWatch | undefined
}

/**
 * Reports the gradients of one backward pass. Takes no pass of its own; without a watch it does nothing.
 *
 * @param gradient ∂loss/∂images, n × height × width × channels
 * @param least length, the sum of absolute values, that a gradient must exceed. @default 0
 */
export const reportGradient = ({ indices, onGradient }: Watched, gradient: Tensor4D, least = 0): void => {
  if (!onGradient) return
  // A sum, because the maximum of NaN and a number is the number in some kernels.
  const lengths = numbersOf(() => tf.sum(tf.abs(gradient), [1, 2, 3]))
  onGradient(indices, usableOf(lengths, least))
}

/** The same for gradients outside of the engine. @param gradients n × (height·width·channels) */
export const reportGradients = ({ indices, onGradient }: Watched, gradients: Float32Array): void => {
  if (!onGradient) return
  const size = gradients.length / indices.length
  const lengths = Float64Array.from(indices, (_, row) =>
    gradients.subarray(row * size, (row + 1) * size).reduce((sum, value) => sum + Math.abs(value), 0),
  )
  onGradient(indices, usableOf(lengths, 0))
}

const usableOf = (lengths: Float32Array | Float64Array, least: number): Uint8Array =>
  Uint8Array.from(lengths, (length) => (Number.isFinite(length) && length > least ? 1 : 0))

/** Counts the gradients of each example. */
export interface GradientCount {
  readonly watch: GradientWatch
  /** Whether at least half of an example's gradients were zero or not finite; false if none was taken. */
  readonly isBlind: (index: number) => boolean
}

/** A count that starts at 0 for every example. */
export const gradientCount = (): GradientCount => {
  const passes = new Map<number, number>()
  const missing = new Map<number, number>()
  const add = (counts: Map<number, number>, index: number): void => void counts.set(index, (counts.get(index) ?? 0) + 1)
  return {
    watch: (indices, usable) => {
      for (const [row, index] of indices.entries()) {
        add(passes, index)
        if (usable[row] === 0) add(missing, index)
      }
    },
    isBlind: (index) => 2 * (missing.get(index) ?? 0) >= (passes.get(index) ?? Number.POSITIVE_INFINITY),
  }
}
