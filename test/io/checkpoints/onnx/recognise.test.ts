/** Element-wise functions are distinguished over all numbers that activations may be, not only near 0. */
import { describe, expect, it } from 'vitest'
import { grid, recognise } from '../../../../src/io/checkpoints/onnx/values/recognise.js'

const of = (value: (x: number) => number) => recognise(grid.map(value))

const FLOAT_MAX = 3.4028234663852886e38

describe('a clip', () => {
  it('with a bound that activations may pass is no ReLU, no ReLU6 and no identity', () => {
    for (const bound of [50, 100, 5000, 1e6]) {
      expect(
        of((x) => Math.min(Math.max(x, 0), bound)),
        `${bound}`,
      ).toBeUndefined()
      expect(
        of((x) => Math.max(x, -bound)),
        `-${bound}`,
      ).toBeUndefined()
      expect(
        of((x) => Math.min(x, bound)),
        `${bound}`,
      ).toBeUndefined()
    }
  })

  it('at the bounds of float32 is what it is without them', () => {
    expect(of((x) => Math.min(Math.max(x, 0), FLOAT_MAX))).toEqual({ type: 'relu' })
    expect(of((x) => Math.min(Math.max(x, -FLOAT_MAX), FLOAT_MAX))).toEqual({ type: 'identity' })
    expect(of((x) => Math.min(Math.max(x, 0), 6))).toEqual({ type: 'activation', function: { type: 'relu6' } })
  })
})
