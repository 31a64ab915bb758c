/** Element-wise functions and their derivatives against PyTorch: scripts/golden_activations.py. */
import { readFileSync } from 'node:fs'
import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { numbers } from '../../../src/models/activations/arithmetic.js'
import { formulaOf } from '../../../src/models/activations/formulas.js'
import type { Nonlinearity } from '../../../src/models/activations/nonlinearity.js'
import { applied } from '../../../src/models/forward/nonlinearity.js'

interface Golden {
  readonly x: readonly number[]
  readonly rows: readonly {
    readonly function: Nonlinearity
    readonly values: readonly number[]
    readonly slopes: readonly number[]
  }[]
}

const golden: Golden = JSON.parse(readFileSync(new URL('../../golden/activations.json', import.meta.url), 'utf8'))

/** PyTorch multiplies by ⅙ of float32 in the derivative of the hard sigmoid; the others agree to 1e-13. */
const SLOPES = 1e-8

/** The largest difference, relative where numbers are larger than 1. */
const difference = (got: readonly number[], wanted: readonly number[]): number => {
  expect(got).toHaveLength(wanted.length)
  return Math.max(...got.map((value, i) => Math.abs(value - (wanted[i] ?? 0)) / Math.max(1, Math.abs(wanted[i] ?? 0))))
}

const named = golden.rows.map((row) => [JSON.stringify(row.function), row] as const)

describe.each(named)('%s', (_, row) => {
  it('has the values and derivatives of PyTorch in float64', () => {
    const { value, slope } = formulaOf(row.function)
    expect(
      difference(
        golden.x.map((x) => value(numbers, x)),
        row.values,
      ),
    ).toBeLessThan(1e-13)
    expect(
      difference(
        golden.x.map((x) => slope(numbers, x)),
        row.slopes,
      ),
    ).toBeLessThan(SLOPES)
  })

  it('has them on tensors, and leaves none behind', () => {
    const before = tf.memory().numTensors
    const [values, slopes] = tf.tidy(() => {
      const x = tf.tensor1d([...golden.x])
      const { value, grad } = tf.valueAndGrad((z: Tensor) => tf.sum(applied(row.function, z)))(x)
      expect(value.size).toBe(1)
      return [applied(row.function, x).arraySync(), grad.arraySync()] as [number[], number[]]
    })
    expect(tf.memory().numTensors).toBe(before)
    expect(difference(values, row.values)).toBeLessThan(1e-6)
    expect(difference(slopes, row.slopes)).toBeLessThan(4e-6)
  })
})
