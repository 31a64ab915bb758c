/** Each of the portable engine's kernels for the bottleneck. The loss that they make up has its own tests. */
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { centredLeft64, centredRight64, gaussian64, type Square } from '../support/hsic64.js'
import { kernelValues, runKernel } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value: a few float32 roundings. */
const TOLERANCE = 1e-6

const n = 13

const symmetric = (seed: number): Float32Array => {
  const values = seededNumbers(seed, n * n)
  return values.map((value, i) => value + Number(values[(i % n) * n + Math.floor(i / n)]))
}

const transposed = (a: Square): Square => a.map((_, i) => Number(a[(i % n) * n + Math.floor(i / n)]))

/** HKH of a symmetric K. */
const centred64 = (kernel: ArrayLike<number>): Square => centredLeft64(centredRight64(Float64Array.from(kernel), n), n)

const product64 = (a: ArrayLike<number>, b: ArrayLike<number>, columns: number): Float64Array =>
  Float64Array.from({ length: n * columns }, (_, index) => {
    const [i, j] = [Math.floor(index / columns), index % columns]
    let sum = 0
    for (let k = 0; k < n; k++) sum += Number(a[i * n + k]) * Number(b[k * columns + j])
    return sum
  })

describe('kernels of the bottleneck', () => {
  it('PwoaGaussianKernel: centred rows, and K − 1, exactly symmetric', () => {
    const d = 6
    const values = seededNumbers(1, n * d).map((value) => value + 3)
    const z = tf.tensor3d(values, [n, 2, 3])
    const exponent = -1 / (50 * d)
    const [rows, kernel] = runKernel('PwoaGaussianKernel', { z }, { exponent })
    const means = Array.from({ length: d }, (_, j) =>
      values.reduce((sum, value, i) => (i % d === j ? sum + value / n : sum), 0),
    )
    expect(rows?.shape).toEqual([n, d])
    expect(kernel?.shape).toEqual([n, n])
    expect(
      distance(
        rows?.dataSync() ?? [],
        values.map((value, i) => value - Number(means[i % d])),
      ),
    ).toBeLessThan(TOLERANCE)
    const found = kernel?.dataSync() ?? []
    expect(
      distance(
        found,
        gaussian64(values, n).map((value) => value - 1),
      ),
    ).toBeLessThan(TOLERANCE)
    expect(distance(found, transposed(Float64Array.from(found)))).toBe(0)
    tf.dispose([z, ...[rows, kernel].flatMap((tensor) => tensor ?? [])])
  })

  it('PwoaRegularise: HKH + c·11ᵀ + ridge·I', () => {
    const values = symmetric(2)
    const hkh = centred64(values)
    const lift = hkh.reduce((sum, value) => sum + Math.abs(value), 0) / n ** 2
    const expected = hkh.map((value, i) => value + lift + (i % (n + 1) === 0 ? 0.25 : 0))
    const kernel = tf.tensor2d(values, [n, n])
    expect(distance(kernelValues('PwoaRegularise', { kernel }, { ridge: 0.25 }), expected)).toBeLessThan(TOLERANCE)
    kernel.dispose()
  })

  it('PwoaNormalisedDifference: λx·R_X − λy·R_Y, whose rows sum to 0', () => {
    const [ofX, ofY] = [symmetric(3), symmetric(4)]
    const [ridge, lambdaX, lambdaY] = [0.1, 2, 3]
    const normalised = (inverse: Float32Array): Square =>
      centred64(inverse).map((value, i) => (i % (n + 1) === 0 ? 1 : 0) - 1 / n - ridge * value)
    const [rX, rY] = [normalised(ofX), normalised(ofY)]
    const expected = rX.map((value, i) => lambdaX * value - lambdaY * Number(rY[i]))
    const inputs = { x: tf.tensor2d(ofX, [n, n]), y: tf.tensor2d(ofY, [n, n]) }
    const found = kernelValues('PwoaNormalisedDifference', inputs, { ridge, lambdaX, lambdaY })
    expect(distance(found, expected)).toBeLessThan(TOLERANCE)
    for (let i = 0; i < n; i++)
      expect(Math.abs(found.slice(i * n, (i + 1) * n).reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-5)
    tf.dispose(inputs)
  })

  it('PwoaBottleneckGradient: (diag(D·1) − D)·rows', () => {
    const d = 10
    const [rows, kernel, inverse, matrix] = [seededNumbers(5, n * d), symmetric(6), symmetric(7), symmetric(8)]
    const hgh = centred64(product64(product64(inverse, matrix, n), inverse, n))
    const pulls = hgh.map((value, i) => 0.5 * value * (1 + Number(kernel[i])))
    const sums = Array.from({ length: n }, (_, i) => pulls.subarray(i * n, (i + 1) * n).reduce((a, b) => a + b, 0))
    const expected = product64(
      pulls.map((value, i) => (i % (n + 1) === 0 ? Number(sums[i % n]) : 0) - value),
      rows,
      d,
    )
    const square = (values: Float32Array) => tf.tensor2d(values, [n, n])
    const inputs = {
      rows: tf.tensor2d(rows, [n, d]),
      kernel: square(kernel),
      inverse: square(inverse),
      matrix: square(matrix),
    }
    const found = kernelValues('PwoaBottleneckGradient', inputs, { scale: 0.5 })
    expect(distance(found, expected)).toBeLessThan(5 * TOLERANCE)
    tf.dispose(inputs)
  })
})
