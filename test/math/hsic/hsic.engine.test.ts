import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { bottleneckLoss, bottleneckMatrix, nHsic } from '../../../src/math/hsic/hsic.js'
import { expectEvery } from '../../support/expectEvery.js'
import { centredLeft64, gaussian64, linear64, normalised64, trace64, traceGradient64 } from '../../support/hsic64.js'
import { gaussianMinusOne, normalisedGaussian, normalisedLinear } from '../../support/hsicKernels.js'
import { relativeError, seededNumbers } from '../../support/numbers.js'

/** Relative to n − 1, the largest possible value: float32 and an inverse of condition 1e4. */
const TOLERANCE = 3e-4

/**
 * Absolute, with labels: each of the n eigenvalues of R_Y that should be 0 has a rounding error of 6e-8 / εn, so that
 * their sum is independent of n; ε = 1e-5.
 */
const LABELS = 6e-3

interface Features {
  readonly values: Float32Array
  readonly features: number
}

const pair = fc.record({
  n: fc.integer({ min: 2, max: 24 }),
  seed: fc.nat(1e6),
  a: fc.integer({ min: 1, max: 20 }),
  z: fc.integer({ min: 1, max: 20 }),
  scale: fc.constantFrom(0.1, 1, 10),
})

const check = <T>(arbitrary: fc.Arbitrary<T>, predicate: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, predicate), { numRuns: 25, seed: 3 })

const tensor = ({ values, features }: Features): Tensor2D => tf.tensor2d(values, [values.length / features, features])

const value = (z: Features, a: Features): number =>
  tf.tidy(() => Number(nHsic(tensor(z), normalisedGaussian(tensor(a))).dataSync()[0]))

const make = (seed: number, n: number, features: number, scale = 1): Features => ({
  values: seededNumbers(seed, n * features).map((v) => v * scale),
  features,
})

describe('nHSIC', () => {
  it('agrees with the definition in float64, for Gaussian and linear kernels', () => {
    check(pair, ({ n, seed, a, z, scale }) => {
      const [first, second] = [make(seed, n, a), make(seed + 1, n, z, scale)]
      const classes = 1 + (seed % 5)
      const labels = {
        values: Float32Array.from({ length: n * classes }, (_, i) =>
          (Math.floor(i / classes) * 7) % classes === i % classes ? 1 : 0,
        ),
        features: classes,
      }
      const rZ = normalised64(gaussian64(second.values, n), n)
      const withA = trace64(normalised64(gaussian64(first.values, n), n), rZ, n)
      const withLabels = trace64(normalised64(linear64(labels.values, n), n), rZ, n)
      const found = tf.tidy(() => Number(nHsic(tensor(second), normalisedLinear(tensor(labels))).dataSync()[0]))
      expect(Math.abs(value(second, first) - withA)).toBeLessThan(TOLERANCE * (n - 1))
      expect(Math.abs(found - withLabels)).toBeLessThan(LABELS)
    })
  })

  it('is symmetric, at least 0 and at most n − 1', () => {
    check(pair, ({ n, seed, a, z, scale }) => {
      const [first, second] = [make(seed, n, a), make(seed + 1, n, z, scale)]
      const [there, back] = [value(second, first), value(first, second)]
      const slack = TOLERANCE * (n - 1)
      expect(Math.abs(there - back)).toBeLessThan(slack)
      expect(there).toBeGreaterThan(-slack)
      expect(there).toBeLessThan(n - 1 + slack)
    })
  })

  it('does not change if features are permuted or all examples are shifted', () => {
    check(pair, ({ n, seed, a, z, scale }) => {
      const [first, second] = [make(seed, n, a), make(seed + 1, n, z, scale)]
      const before = value(second, first)
      const turned = {
        ...second,
        values: second.values.map((_v, i) => Number(second.values[i - (i % z) + (z - 1 - (i % z))])),
      }
      const shifted = { ...second, values: second.values.map((v, i) => v + scale * ((i % z) - 3)) }
      expect(Math.abs(value(turned, first) - before)).toBeLessThan(TOLERANCE * (n - 1))
      expect(Math.abs(value(shifted, first) - before)).toBeLessThan(TOLERANCE * (n - 1))
    })
  })

  it('does not change if the examples of both are permuted alike', () => {
    check(pair, ({ n, seed, a, z, scale }) => {
      const [first, second] = [make(seed, n, a), make(seed + 1, n, z, scale)]
      const reversed = ({ values, features }: Features): Features => ({
        features,
        values: Float32Array.from(values, (_v, i) =>
          Number(values[(n - 1 - Math.floor(i / features)) * features + (i % features)]),
        ),
      })
      const gap = value(reversed(second), reversed(first)) - value(second, first)
      expect(Math.abs(gap)).toBeLessThan(TOLERANCE * (n - 1))
    })
  })

  it('is 0 with a finite gradient for activations that are all the same', () => {
    const constant = { values: new Float32Array(40).fill(2), features: 5 }
    expect(Math.abs(value(constant, make(1, 8, 4)))).toBeLessThan(1e-4)
    const gradient = tf.tidy(() =>
      tf
        .grad((z) => nHsic(z, normalisedGaussian(tensor(make(1, 8, 4)))))(tensor(constant))
        .dataSync(),
    )
    expectEvery(gradient, (g) => g === 0)
  })

  it.each([255, 256, 301])('of %d examples, whole or in blocks, agrees with the definition in float64', (n) => {
    const [images, hidden] = [make(5, n, 12), make(7, n, 36)]
    const labels = {
      values: Float32Array.from({ length: 10 * n }, (_, i) => (Math.floor(i / 10) % 10 === i % 10 ? 1 : 0)),
      features: 10,
    }
    const [lambdaX, lambdaY] = [0.3, 0.5]
    const rX = normalised64(gaussian64(images.values, n), n)
    const rY = normalised64(linear64(labels.values, n), n)
    // Centred on both sides, as ours is; tr(S·R) stays the same.
    const s64 = centredLeft64(
      rX.map((value, i) => lambdaX * value - lambdaY * Number(rY[i])),
      n,
    )
    const { s, gradient } = tf.tidy(() => {
      const matrix = bottleneckMatrix(tensor(images), tensor(labels), { lambdaX, lambdaY })
      const other = tensor(make(6, n, 20, 3))
      const loss = (z: Tensor): Scalar => bottleneckLoss([other, z], tf.tensor2d(Float32Array.from(s64), [n, n]))
      return {
        s: matrix.dataSync(),
        gradient: tf
          .grad(loss)(tf.tensor4d(hidden.values, [n, 3, 3, 4]))
          .dataSync(),
      }
    })
    expect(relativeError(s, s64)).toBeLessThan(2e-3)
    expect(relativeError(gradient, traceGradient64(hidden.values, s64, n))).toBeLessThan(2e-3)
  })

  it('with σ equals that of activations 5/σ times as large, and so do its gradient and that of images', () => {
    check(fc.record({ seed: fc.nat(1e6), sigma: fc.constantFrom(0.5, 2, 5, 20) }), ({ seed, sigma }) => {
      const [n, factor] = [12, 5 / sigma]
      const [x, other, z] = [make(seed, n, 6), make(seed + 1, n, 7), make(seed + 2, n, 5)]
      const larger = (given: Features): Tensor2D => tensor({ ...given, values: given.values.map((v) => v * factor) })
      const labels = () =>
        tf.oneHot(tf.tensor1d(Int32Array.from({ length: n }, (_, i) => i % 3)), 3, 1, 0, 'float32') as Tensor2D
      const weights = { lambdaX: 1, lambdaY: 0.5 }
      const found = tf.tidy(() => {
        const matrices = [
          bottleneckMatrix(tensor(x), labels(), { ...weights, sigma }),
          bottleneckMatrix(larger(x), labels(), weights),
        ]
        const s = matrices[1] as Tensor2D
        const both = (a: Tensor): Scalar => bottleneckLoss([tensor(other), a], s, [5, sigma])
        const scaled = (a: Tensor): Scalar => bottleneckLoss([tensor(other), tf.mul(a, factor)], s)
        return {
          matrices: matrices.map((matrix) => matrix.dataSync()),
          losses: [both, scaled].map((loss) => Number(loss(tensor(z)).dataSync()[0])),
          gradients: [both, scaled].map((loss) => tf.grad(loss)(tensor(z)).dataSync()),
        }
      })
      expect(relativeError(found.matrices[0] ?? [], found.matrices[1] ?? [])).toBeLessThan(TOLERANCE)
      expect(Math.abs(Number(found.losses[0]) - Number(found.losses[1]))).toBeLessThan(TOLERANCE * (n - 1))
      expect(relativeError(found.gradients[0] ?? [], found.gradients[1] ?? [])).toBeLessThan(2e-3)
    })
  })

  it('is 0 for a minibatch of one example', () => {
    expect(value(make(1, 1, 3), make(2, 1, 4))).toBeCloseTo(0, 6)
  })

  it('leaves no tensors behind', () => {
    const [x, z] = [tensor(make(1, 6, 3)), tensor(make(2, 6, 4))]
    const before = tf.memory().numTensors
    const r = normalisedGaussian(x)
    expect(tf.memory().numTensors).toBe(before + 1)
    tf.dispose([r, x, z])
  })
})

describe('kernels', () => {
  it('K − 1 is symmetric, 0 on the diagonal, in (−1, 0], and agrees with the definition', () => {
    check(pair, ({ n, seed, z, scale }) => {
      const given = make(seed, n, z, scale)
      const found = tf.tidy(() => gaussianMinusOne(tensor(given)).dataSync())
      const expected = gaussian64(given.values, n)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          const k = Number(found[i * n + j])
          expect(Math.abs(k - Number(found[j * n + i]))).toBeLessThan(1e-7)
          if (i === j) expect(Math.abs(k)).toBe(0)
          else expect(k).toBeGreaterThan(-1)
          expect(k).toBeLessThan(1e-6)
          // Relative to the largest possible distance, 4·scale² per feature, over 2σ² = 50.
          expect(Math.abs(k + 1 - Number(expected[i * n + j]))).toBeLessThan(
            1e-6 * Math.max(1e-3, (4 * scale ** 2) / 50),
          )
        }
    })
  })
})
