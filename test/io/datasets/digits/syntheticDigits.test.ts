import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { PwoaFailure } from '../../../../src/dsl/errors.js'
import { DIGIT_GLYPHS } from '../../../../src/io/datasets/digits/digitGlyphs.js'
import { type SyntheticDigitsOptions, syntheticDigits } from '../../../../src/io/datasets/digits/syntheticDigits.js'
import { expectEvery } from '../../../support/expectEvery.js'
import { unwrap } from '../../results.js'

const draw = async (seed: number, options: SyntheticDigitsOptions): Promise<Dataset> =>
  unwrap(await syntheticDigits(options).open({ seed, dataDir: undefined, signal: new AbortController().signal })())

const image = ({ images }: { readonly images: Uint8Array }, i: number): Uint8Array =>
  images.subarray(784 * i, 784 * (i + 1))

describe('syntheticDigits', () => {
  it('is labelled as synthetic', async () => {
    const data = await draw(0, { train: 3, test: 2 })
    expect(data).toMatchObject({ name: 'synthetic digits', origin: 'synthetic', classes: 10 })
    expect(data.shape).toEqual({ height: 28, width: 28, channels: 1 })
    expect([data.train.count, data.train.images.length, data.train.labels.length]).toEqual([3, 3 * 784, 3])
    expect([data.test.count, data.test.images.length, data.test.labels.length]).toEqual([2, 2 * 784, 2])
  })

  it('an image depends on seed, split and index, not on how many are drawn', async () => {
    const few = await draw(1, { train: 5, test: 1 })
    const many = await draw(1, { train: 40, test: 5 })
    expect(few.train.images).toEqual(many.train.images.subarray(0, 5 * 784))
    expect(few.train.labels).toEqual(many.train.labels.subarray(0, 5))
    expect(image(many.train, 0)).not.toEqual(image(many.test, 0))
    expect(image((await draw(2, { train: 5, test: 1 })).train, 0)).not.toEqual(image(few.train, 0))
  })

  it('draws the same digits as ever', async () => {
    // The committed teacher was trained on these digits; if they change, it has to be trained again.
    const { train } = await draw(0, { train: 200, test: 1 })
    const digest = createHash('sha256').update(Uint8Array.from(train.labels)).update(train.images).digest('hex')
    expect(digest).toMatchInlineSnapshot(`"0eb8883f7d7cdf89a9b8351121f08d63c71def394a2d0ddeef01243d06a27f66"`)
  })

  it('resembles MNIST in mean, deviation, margins and classes', async () => {
    const { train } = await draw(3, { train: 2000, test: 1 })
    const pixels = [...train.images].map((v) => v / 255)
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length
    const deviation = Math.sqrt(pixels.reduce((a, b) => a + (b - mean) ** 2, 0) / pixels.length)
    expect(mean).toBeGreaterThan(0.11)
    expect(mean).toBeLessThan(0.16)
    expect(deviation).toBeGreaterThan(0.26)
    expect(deviation).toBeLessThan(0.34)
    const counts = new Array<number>(10).fill(0)
    for (const label of train.labels) counts[label] = (counts[label] ?? 0) + 1
    expect(Math.min(...counts)).toBeGreaterThan(150)
    // The outermost ring has no ink, only noise.
    for (let i = 0; i < train.count; i++) {
      const one = image(train, i)
      for (let x = 0; x < 28; x++) expect(Math.max(one[x] ?? 0, one[27 * 28 + x] ?? 0)).toBeLessThan(64)
    }
  })

  it('can be classified by the nearest class mean, far above chance but not perfectly', async () => {
    const { train, test } = await draw(4, { train: 2000, test: 500 })
    const means = Array.from({ length: 10 }, () => new Float64Array(784))
    const counts = new Array<number>(10).fill(0)
    train.labels.forEach((label, i) => {
      counts[label] = (counts[label] ?? 0) + 1
      const sum = means[label]
      if (sum) {
        image(train, i).forEach((v, p) => {
          sum[p] = (sum[p] ?? 0) + v
        })
      }
    })
    let right = 0
    test.labels.forEach((label, i) => {
      const one = image(test, i)
      const distances = means.map((sum, digit) =>
        one.reduce((total, v, p) => total + (v - (sum[p] ?? 0) / (counts[digit] ?? 1)) ** 2, 0),
      )
      if (distances.indexOf(Math.min(...distances)) === label) right++
    })
    expect(right / test.count).toBeGreaterThan(0.6)
    expect(right / test.count).toBeLessThan(0.98)
  })

  it('every digit has its glyphs, within the unit square', () => {
    expect(DIGIT_GLYPHS.length).toBe(10)
    for (const glyphs of DIGIT_GLYPHS) {
      expect(glyphs.length).toBeGreaterThanOrEqual(1)
      for (const { strokes } of glyphs) {
        for (const { points } of strokes) {
          expect(points.length).toBeGreaterThanOrEqual(2)
          expectEvery(points.flat(), (value) => value >= 0 && value <= 1)
        }
      }
    }
  })

  it.each([{ batchSize: 0 }, { train: 0 }, { test: 1.5 }, { train: 1_000_001 }])('%j is refused at once', (options) => {
    expect(() => syntheticDigits(options)).toThrow(PwoaFailure)
  })
})
