/** The loss of slopes: its gradient against central differences, and its value if everything is linear. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { type Slopes, slopeLoss } from '../../src/math/jacobian.js'
import { gradientError } from '../support/directional.js'
import { seededNumbers } from '../support/numbers.js'

const [N, C] = [3, 4]

const slopesOf = (seed: number, step = 0.5): Slopes => ({
  combination: seededNumbers(seed + 1, N * C).map((value) => (value < 0 ? -1 : 1)),
  wanted: seededNumbers(seed + 2, 2 * N * C),
  step,
  scale: 0.3,
})

const evaluated = (values: Float32Array, slopes: Slopes) =>
  tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((x: Tensor) => slopeLoss(x as Tensor2D, slopes))(
      tf.tensor2d(values, [2 * N, C]),
    )
    return { value: Number(value.dataSync()[0]), gradient: Float32Array.from(grad.dataSync()) }
  })
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 20, seed: 5 })

describe('slopeLoss', () => {
  it('has the gradient of central differences', () => {
    check(
      fc.property(fc.nat(1e6), (seed) => {
        const slopes = slopesOf(seed)
        const values = seededNumbers(seed, 2 * N * C)
        const error = gradientError(
          ([x]) => evaluated(x ?? values, slopes).value,
          [values],
          [evaluated(values, slopes).gradient],
          { step: 0.02, seed },
        )
        // The loss is quadratic, so the only error is rounding.
        expect(error).toBeLessThan(5e-3)
      }),
    )
  })

  it('is the mean square of ε times the error of the slopes', () => {
    check(
      fc.property(fc.nat(1e6), (seed) => {
        const slopes = slopesOf(seed)
        const values = seededNumbers(seed, 2 * N * C)
        const off = Array.from({ length: N }, (_, i) => {
          const rise = Array.from({ length: C }, (__, c) => {
            const at = i * C + c
            const gap = (row: number): number => Number(values[row + at]) - Number(slopes.wanted[row + at])
            return Number(slopes.combination[at]) * (gap(N * C) - gap(0))
          }).reduce((sum, each) => sum + each)
          return ((slopes.scale * rise) / slopes.step) ** 2
        })
        const expected = off.reduce((sum, each) => sum + each) / N
        expect(Math.abs(evaluated(values, slopes).value / expected - 1)).toBeLessThan(1e-5)
      }),
    )
  })

  it('and its gradient are 0 if the slopes are those wanted', () => {
    const values = seededNumbers(3, 2 * N * C)
    // Logits that differ from the wanted ones by the same amount at both ends of a step.
    const wanted = values.map((value, at) => value - ((at % (N * C)) % 7))
    const { value, gradient } = evaluated(values, { ...slopesOf(3), wanted })
    expect(value).toBeLessThan(1e-12)
    // Rounding of differences of float32 logits up to 7.
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-5)
  })
})
