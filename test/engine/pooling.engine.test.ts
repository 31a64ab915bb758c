import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { outputSide } from '../support/convolution.js'
import { kernelValues } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value: a few float32 roundings. */
const TOLERANCE = 1e-6

interface Pool {
  readonly batch: number
  readonly size: number
  readonly channels: number
  readonly kernel: number
  readonly stride: number
  readonly pad: 'same' | 'valid'
}

/** The flat indices of the pixels of each window, without padding, in the order of the outputs. */
const windows = ({ batch, size, channels, kernel, stride, pad }: Pool): readonly (readonly number[])[] => {
  const { out, before } = outputSide({ batch, size, kernel, stride, pad, inChannels: channels, outChannels: channels })
  return Array.from({ length: batch * out * out * channels }, (_, index) => {
    const channel = index % channels
    const position = Math.floor(index / channels)
    const row = (Math.floor(position / out) % out) * stride - before
    const column = (position % out) * stride - before
    const image = Math.floor(position / out / out)
    return Array.from(
      { length: kernel * kernel },
      (_, i) => [row + Math.floor(i / kernel), column + (i % kernel)] as const,
    )
      .filter(([y, x]) => y >= 0 && y < size && x >= 0 && x < size)
      .map(([y, x]) => ((image * size + y) * size + x) * channels + channel)
  })
}

const expectEqual = (pool: Pool, x: Float32Array, seed: number): void => {
  const { batch, size, channels, kernel, stride, pad } = pool
  const shape: [number, number, number, number] = [batch, size, size, channels]
  const covered = windows(pool)
  const { out } = outputSide({ ...pool, inChannels: channels, outChannels: channels })
  const dy = seededNumbers(seed, covered.length)
  const [largest, max, average] = [
    new Float64Array(covered.length),
    new Float64Array(x.length),
    new Float64Array(x.length),
  ]
  covered.forEach((window, index) => {
    const best = window.reduce((found, pixel) => (Number(x[pixel]) > Number(x[found]) ? pixel : found))
    largest[index] = Number(x[best])
    max[best] = Number(max[best]) + Number(dy[index])
    for (const pixel of window) average[pixel] = Number(average[pixel]) + Number(dy[index]) / window.length
  })
  const attrs = { filterSize: kernel, strides: stride, pad }
  const input = tf.tensor4d(x, shape)
  const gradient = tf.tensor4d(dy, [batch, out, out, channels])
  const output = tf.maxPool(input, kernel, stride, pad)
  expect(distance(output.dataSync(), largest), 'max').toBe(0)
  expect(
    distance(kernelValues('MaxPoolGrad', { dy: gradient, input, output }, attrs), max),
    'max gradient',
  ).toBeLessThan(TOLERANCE)
  if (pad === 'valid') {
    const found = kernelValues('AvgPoolGrad', { dy: gradient, input }, attrs)
    expect(distance(found, average), 'average gradient').toBeLessThan(TOLERANCE)
  }
  tf.dispose([input, gradient, output])
}

const pools = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 4, max: 8 }),
  channels: fc.integer({ min: 1, max: 3 }),
  kernel: fc.integer({ min: 2, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.constantFrom('same' as const, 'valid' as const),
})

describe('pooling and its gradients', () => {
  it('agree with plain loops', () => {
    fc.assert(
      fc.property(pools, fc.nat(1e6), (pool, seed) => {
        expectEqual(pool, seededNumbers(seed, pool.batch * pool.size ** 2 * pool.channels), seed + 1)
      }),
      { numRuns: 50, seed: 5 },
    )
  })

  it('send the gradient to the first of several equal values, as PyTorch does', () => {
    fc.assert(
      fc.property(pools, fc.nat(1e6), (pool, seed) => {
        const x = seededNumbers(seed, pool.batch * pool.size ** 2 * pool.channels)
        expectEqual(
          pool,
          x.map((value) => Math.max(0, Math.round(value * 2))),
          seed + 1,
        )
      }),
      { numRuns: 50, seed: 6 },
    )
  })
})
