import type { Tensor } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { kernelValues } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value; float32 sums of up to a thousand products. */
const TOLERANCE = 1e-5

interface Product {
  readonly m: number
  readonly k: number
  readonly n: number
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const sizes = fc.integer({ min: 1, max: 21 })
const products = fc.record({ m: sizes, k: sizes, n: sizes, transposeA: fc.boolean(), transposeB: fc.boolean() })

/** Computed in float64 by plain loops. */
const product = (a: Float32Array, b: Float32Array, { m, k, n, transposeA, transposeB }: Product): Float64Array =>
  Float64Array.from({ length: m * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n]
    let sum = 0
    for (let t = 0; t < k; t++)
      sum += Number(a[transposeA ? t * m + i : i * k + t]) * Number(b[transposeB ? j * k + t : t * n + j])
    return sum
  })

const shapesOf = ({ m, k, n, transposeA, transposeB }: Product) =>
  [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]] as const

const matMul = (a: Tensor, b: Tensor, { transposeA, transposeB }: Product): Tensor =>
  tf.matMul(a, b, transposeA, transposeB)

const expectProduct = (given: Product, seed: number): void => {
  const { m, k, n } = given
  const [a, b] = [seededNumbers(seed, m * k), seededNumbers(seed + 1, k * n)]
  const [aShape, bShape] = shapesOf(given)
  const found = tf.tidy(() => matMul(tf.tensor(a, [...aShape]), tf.tensor(b, [...bShape]), given).dataSync())
  expect(distance(found, product(a, b, given))).toBeLessThan(TOLERANCE)
}

describe('matMul', () => {
  it('agrees with plain loops, for any transpositions', () => {
    fc.assert(fc.property(products, fc.nat(1e6), expectProduct), { numRuns: 60, seed: 6 })
  })

  it('sums over more terms than a panel holds', () => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) expectProduct({ m: 9, k: 1100, n: 13, transposeA, transposeB }, 2)
  })

  it('of stacks multiplies their matrices one by one, and one matrix by a whole stack', () => {
    const given = { m: 5, k: 7, n: 10, transposeA: false, transposeB: true }
    const [a, b] = [seededNumbers(3, 6 * 5 * 7), seededNumbers(4, 6 * 10 * 7)]
    const part = (values: Float32Array, size: number, i: number) => values.subarray(i * size, (i + 1) * size)
    const [stacked, shared] = tf.tidy(() => [
      matMul(tf.tensor4d(a, [2, 3, 5, 7]), tf.tensor4d(b, [2, 3, 10, 7]), given).dataSync(),
      matMul(tf.tensor4d(a, [2, 3, 5, 7]), tf.tensor4d(part(b, 70, 0), [1, 1, 10, 7]), given).dataSync(),
    ])
    for (let i = 0; i < 6; i++) {
      const one = part(a, 35, i)
      expect(distance(stacked.slice(i * 50, (i + 1) * 50), product(one, part(b, 70, i), given))).toBeLessThan(TOLERANCE)
      expect(distance(shared.slice(i * 50, (i + 1) * 50), product(one, part(b, 70, 0), given))).toBeLessThan(TOLERANCE)
    }
  })

  it('lets NaN and infinity through', () => {
    const found = tf.tidy(() =>
      tf.matMul(tf.tensor2d([Number.NaN, 1, Infinity, 1], [2, 2]), tf.tensor2d([1, 2], [2, 1])).dataSync(),
    )
    expect(Array.from(found)).toEqual([Number.NaN, Infinity])
  })
})

describe('PwoaLinear', () => {
  it.each(['linear', 'relu'] as const)('adds the bias, activation %s', (activation) => {
    const given = { m: 6, k: 600, n: 11, transposeA: false, transposeB: false }
    const [a, b, bias] = [seededNumbers(1, 6 * 600), seededNumbers(2, 600 * 11), seededNumbers(3, 11)]
    const expected = product(a, b, given).map((sum, i) => {
      const z = sum + Number(bias[i % 11])
      return activation === 'relu' ? Math.max(0, z) : z
    })
    const inputs = { x: tf.tensor2d(a, [6, 600]), weight: tf.tensor2d(b, [600, 11]), bias: tf.tensor1d(bias) }
    expect(distance(kernelValues('PwoaLinear', inputs, { activation }), expected)).toBeLessThan(TOLERANCE)
    tf.dispose(inputs)
  })
})
