import type { Tensor } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { kernelValues, runKernel } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value: a few float32 roundings. */
const TOLERANCE = 1e-6

const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 30, seed: 4 })

/** Calls `use` and expects it to leave no tensor and no memory behind. */
const expectNoLeak = (use: () => void): void => {
  const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }
  use()
  expect({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }).toEqual(before)
}

const disposeAll = (tensors: Readonly<Record<string, Tensor>>): void => {
  for (const tensor of Object.values(tensors)) tensor.dispose()
}

describe('PwoaReluGrad', () => {
  it('passes the gradient where the output is positive', () => {
    const inputs = { dy: tf.tensor2d([[1, 2, 3, -4]]), y: tf.tensor2d([[0, 0.5, -0, 2]]) }
    expect(distance(kernelValues('PwoaReluGrad', inputs), [0, 2, 0, -4])).toBe(0)
    disposeAll(inputs)
  })

  it('selects exactly, for any values', () => {
    check(
      fc.property(seeds, fc.integer({ min: 1, max: 300 }), (seed, n) => {
        const [dy, y] = [seededNumbers(seed, n), seededNumbers(seed + 1, n)]
        const inputs = { dy: tf.tensor1d(dy), y: tf.tensor1d(y) }
        const expected = Array.from(dy, (value, i) => (Number(y[i]) > 0 ? value : 0))
        expectNoLeak(() => expect(distance(kernelValues('PwoaReluGrad', inputs), expected)).toBe(0))
        disposeAll(inputs)
      }),
    )
  })
})

describe('PwoaBiasAddGrad', () => {
  it('sums over all but the last axis', () => {
    check(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), (seed, rows, channels) => {
        const values = seededNumbers(seed, rows * 4 * channels)
        const sums = new Float64Array(channels)
        values.forEach((value, i) => {
          sums[i % channels] = Number(sums[i % channels]) + value
        })
        for (const shape of [
          [rows * 4, channels],
          [rows, 2, 2, channels],
        ]) {
          const dy = tf.tensor(values, shape)
          expectNoLeak(() => expect(distance(kernelValues('PwoaBiasAddGrad', { dy }), sums)).toBeLessThan(TOLERANCE))
          dy.dispose()
        }
      }),
    )
  })
})

const softmaxReference = (logits: Float32Array, labels: Float32Array, classes: number) => {
  const loss: number[] = []
  const gradient: number[] = []
  for (let start = 0; start < logits.length; start += classes) {
    const row = Array.from(logits.subarray(start, start + classes))
    const target = Array.from(labels.subarray(start, start + classes))
    const max = Math.max(...row)
    const logSum = max + Math.log(row.reduce((sum, z) => sum + Math.exp(z - max), 0))
    loss.push(target.reduce((sum, label, k) => sum + label * (logSum - Number(row[k])), 0))
    gradient.push(...row.map((z, k) => Math.exp(z - logSum) - Number(target[k])))
  }
  return { loss, gradient }
}

describe('PwoaSoftmaxCrossEntropy', () => {
  it('gives the loss and its gradient, even for logits far from 0', () => {
    check(
      fc.property(seeds, fc.constantFrom(1, 30, 1000), fc.integer({ min: 2, max: 12 }), (seed, scale, classes) => {
        const rows = 5
        const raw = seededNumbers(seed, rows * classes).map((z) => z * scale)
        const weights = seededNumbers(seed + 1, rows * classes).map((p) => p + 1.01)
        const labels = weights.map((p, i) => {
          const start = i - (i % classes)
          return p / weights.subarray(start, start + classes).reduce((sum, q) => sum + q, 0)
        })
        const expected = softmaxReference(raw, labels, classes)
        const inputs = { logits: tf.tensor2d(raw, [rows, classes]), labels: tf.tensor2d(labels, [rows, classes]) }
        expectNoLeak(() => {
          const [loss, gradient] = runKernel('PwoaSoftmaxCrossEntropy', inputs)
          expect(loss?.shape).toEqual([rows])
          expect(gradient?.shape).toEqual([rows, classes])
          expect(distance(loss?.dataSync() ?? [], expected.loss)).toBeLessThan(TOLERANCE)
          expect(distance(gradient?.dataSync() ?? [], expected.gradient)).toBeLessThan(TOLERANCE)
          loss?.dispose()
          gradient?.dispose()
        })
        disposeAll(inputs)
      }),
    )
  })
})

/** `X Xᵀ / n + ridge I` for seeded `X` `[n, n]`, row-major. */
const seededSpd = (seed: number, n: number, ridge: number): Float32Array => {
  const x = seededNumbers(seed, n * n)
  return Float32Array.from({ length: n * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n]
    let sum = 0
    for (let k = 0; k < n; k++) sum += Number(x[i * n + k]) * Number(x[j * n + k])
    return sum / n + (i === j ? ridge : 0)
  })
}

/** `max |A B − I|`, in float64. */
const residual = (a: ArrayLike<number>, b: ArrayLike<number>, n: number): number => {
  let largest = 0
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = i === j ? -1 : 0
      for (let k = 0; k < n; k++) sum += Number(a[i * n + k]) * Number(b[k * n + j])
      if (!(Math.abs(sum) <= largest)) largest = Math.abs(sum)
    }
  }
  return largest
}

describe('PwoaSpdInverse', () => {
  // The error in float32 is the condition number times 6e-8.
  it.each([
    [1, 1, 1e-6],
    [16, 1, 1e-5],
    [64, 0.1, 1e-5],
    [128, 1e-3, 2e-4],
  ])('inverts %i × %i with a ridge of %d within a residual of %d', (n, ridge, tolerance) => {
    const values = seededSpd(3, n, ridge)
    const a = tf.tensor2d(values, [n, n])
    expectNoLeak(() => {
      const inverse = kernelValues('PwoaSpdInverse', { a })
      expect(residual(values, inverse, n)).toBeLessThan(tolerance)
      const mirrored = inverse.map((_, index) => inverse[(index % n) * n + Math.floor(index / n)])
      expect(inverse).toEqual(mirrored)
    })
    a.dispose()
  })

  it('inverts a stack of matrices', () => {
    const n = 6
    const stack = [1, 2, 3].map((seed) => seededSpd(seed, n, 1))
    const a = tf.tensor3d(Float32Array.from(stack.flatMap((values) => Array.from(values))), [3, n, n])
    const inverses = kernelValues('PwoaSpdInverse', { a })
    stack.forEach((values, i) => {
      expect(residual(values, inverses.slice(i * n * n, (i + 1) * n * n), n)).toBeLessThan(1e-5)
    })
    a.dispose()
  })

  it('gives NaN for a matrix that is not positive definite', () => {
    const a = tf.tensor2d([
      [1, 2],
      [2, 1],
    ])
    expect(Array.from(kernelValues('PwoaSpdInverse', { a }))).toContainEqual(Number.NaN)
    a.dispose()
  })
})

const optimizerKernels = [
  { name: 'PwoaAdam', vectors: ['weights', 'mean', 'square', 'gradient'], outputs: 3 },
  { name: 'PwoaMomentum', vectors: ['weights', 'velocity', 'gradient'], outputs: 2 },
] as const
const optimizerAttributes = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 2, momentum: 0.9 }

describe.each(optimizerKernels)('$name', ({ name, vectors, outputs }) => {
  it('does not change its inputs, and leaves no tensors behind, if called repeatedly', () => {
    const given = vectors.map((_, i) => seededNumbers(i, 51).map(Math.abs))
    const inputs = Object.fromEntries(vectors.map((vector, i) => [vector, tf.tensor1d(given[i] ?? [])]))
    expectNoLeak(() => {
      const all = Array.from({ length: 3 }, () => runKernel(name, inputs, optimizerAttributes))
      for (const updated of all) {
        expect(updated).toHaveLength(outputs)
        for (const [i, tensor] of updated.entries()) expect(tensor.dataSync()).toEqual(all[0]?.[i]?.dataSync())
      }
      expect(distance(all[0]?.[0]?.dataSync() ?? [], given[0] ?? [])).toBeGreaterThan(0.01)
      for (const tensor of all.flat()) tensor.dispose()
    })
    for (const [i, vector] of vectors.entries()) expect(inputs[vector]?.dataSync()).toEqual(given[i])
    disposeAll(inputs)
  })
})
