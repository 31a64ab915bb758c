import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../../src/engine/tf.js'
import { residualsOf, updateSplit } from '../../src/math/admm.js'
import { projectionMask } from '../../src/math/projection.js'
import { quadraticPenalty } from '../../src/math/quadraticPenalty.js'
import { stream } from '../../src/math/random.js'
import { sgd } from '../../src/training/step/sgd.js'

/** W, Z and U after an update, with their loss and residuals. */
export interface AdmmState {
  readonly w: Float32Array
  readonly z: Float32Array
  readonly u: Float32Array
  readonly rho: number
  /** Loss of W, and of Z: the loss after pruning now. */
  readonly loss: number
  readonly lossOfZ: number
  readonly primal: number
  readonly dual: number
}

/** Number of weights. */
export const SIZE = 16
/** Number of updates of Z and U. */
export const UPDATES = 30
/** ρ grows as by default in `admmMask`. */
const RHO = { initial: 0.01, growth: 1.35, max: 1 }
const STEPS = 60
/** Curvature of the loss, between the first and the last ρ. */
const CURVATURE = 0.05

const projected = (values: Float32Array, rate: number): Uint8Array =>
  projectionMask({ values, rows: SIZE, columns: 1 }, 'irregular', rate)

/** A toy loss in which weights can replace each other: c/2·‖A·(W − best)‖². */
const makeLoss = () => {
  const random = stream(11, 'admm')
  const best = Float32Array.from({ length: SIZE }, () => random.normal())
  const mixing = Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
    i % (SIZE + 1) === 0 ? 1 : (0.9 * random.normal()) / Math.sqrt(SIZE),
  )
  const a = tf.keep(tf.tensor2d(mixing, [SIZE, SIZE])) as Tensor2D
  const gradientOf = (w: Tensor1D): Tensor1D =>
    tf.mul(
      tf.reshape(tf.matMul(a, tf.matMul(a, tf.reshape(tf.sub(w, best), [SIZE, 1])), true), [SIZE]),
      CURVATURE,
    ) as Tensor1D
  const lossOf = (w: Float32Array): number =>
    tf.tidy(() => {
      const residual = tf.matMul(a, tf.reshape(tf.sub(tf.tensor1d(w), best), [SIZE, 1]))
      return (CURVATURE / 2) * (tf.sum(tf.square(residual)).dataSync()[0] ?? 0)
    })
  return { best, gradientOf, lossOf }
}

/** The ADMM phase, as a function of the rate: its state after each update of Z and U. The first update only sets Z. */
export const makeAdmm = () => {
  const { best, gradientOf, lossOf } = makeLoss()
  const optimizer = sgd()
  /** W ← argmin L(W) + ρ/2·‖W − Z + U‖², approximately, by `STEPS` steps of gradient descent. */
  const trained = ({ w, z, u, rho }: Pick<AdmmState, 'w' | 'z' | 'u' | 'rho'>): Float32Array =>
    tf.tidy(() => {
      const target = tf.tensor1d(z.map((value, i) => value - (u[i] ?? 0)))
      const price = tf.fill([SIZE], rho) as Tensor1D
      let weights: Tensor1D = tf.tensor1d(w)
      let slots: readonly Tensor1D[] = [tf.zerosLike(weights)]
      for (let step = 1; step <= STEPS; step++) {
        const { gradient } = quadraticPenalty({ weights, target, price, gradient: gradientOf(weights) })
        const update = optimizer.update({ weights, gradient, slots, step, learningRate: 0.5 })
        weights = update.weights
        slots = update.slots
      }
      return weights.dataSync<'float32'>().slice()
    })
  const stateOf = (w: Float32Array, before: AdmmState | undefined, rate: number): AdmmState => {
    const split = updateSplit(w, before?.u, (values) => projected(values, rate))
    const rho = before?.rho ?? RHO.initial
    return {
      w,
      ...split,
      ...residualsOf({ w, z: split.z, before: before?.z, rho }),
      rho: before ? Math.min(RHO.max, rho * RHO.growth) : rho,
      loss: lossOf(w),
      lossOfZ: lossOf(split.z),
    }
  }
  return (rate: number): readonly AdmmState[] => {
    const states = [stateOf(best, undefined, rate)]
    for (let update = 1; update <= UPDATES; update++) {
      const before = states[update - 1]
      if (before) states.push(stateOf(trained(before), before, rate))
    }
    return states
  }
}
