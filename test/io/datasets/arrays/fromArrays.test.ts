import { describe, expect, test } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { valueOfTask } from '../../../../src/dsl/errors.js'
import { type FromArraysOptions, fromArrays } from '../../../../src/io/datasets/arrays/fromArrays.js'

const shape = { height: 2, width: 1, channels: 1 }
const part = (values: readonly number[], labels: readonly number[]) => ({ images: Uint8Array.from(values), labels })
const options: FromArraysOptions = {
  name: 'mine',
  shape,
  train: part([0, 1, 2, 3, 4, 255], [0, 1, 2]),
  test: part([7, 8], [1]),
}

const opened = (given: FromArraysOptions): Promise<Dataset> =>
  valueOfTask(fromArrays(given).open({ dataDir: undefined, seed: 0, signal: new AbortController().signal }))

describe('data in memory', () => {
  test('are the images and labels that were given', async () => {
    expect(await opened(options)).toMatchObject({
      name: 'mine',
      origin: 'original',
      classes: 3,
      shape,
      train: { count: 3, images: Uint8Array.of(0, 1, 2, 3, 4, 255), labels: Uint16Array.of(0, 1, 2) },
      test: { count: 1, images: Uint8Array.of(7, 8), labels: Uint16Array.of(1) },
    })
  })

  test('may have more classes than a byte can number', async () => {
    const train = part([0, 1, 2, 3], [0, 999])
    expect(await opened({ ...options, train })).toMatchObject({
      classes: 1000,
      train: { labels: Uint16Array.of(0, 999) },
    })
    const hashes = [999, 999 - 256].map(
      (label) => fromArrays({ ...options, classes: 1000, train: part([0, 1, 2, 3], [0, label]) }).config.sha256,
    )
    expect(hashes[0]).not.toBe(hashes[1])
  })

  test('do not change if the arrays do later', async () => {
    const images = Uint8Array.of(1, 2)
    const source = fromArrays({ ...options, test: { images, labels: [0] } })
    images.fill(9)
    const data = await valueOfTask(source.open({ dataDir: undefined, seed: 0, signal: new AbortController().signal }))
    expect([...data.test.images]).toEqual([1, 2])
  })

  test('may be numbers in [0, 1], which are rounded to bytes', async () => {
    const images = Float32Array.of(0, 0.5019, 1, 1 / 255)
    expect([...(await opened({ ...options, train: { images, labels: [0, 1] } })).train.images]).toEqual([
      0, 128, 255, 1,
    ])
  })

  test('are identified by their contents in the plan', () => {
    const hashOf = (given: FromArraysOptions) => fromArrays(given).config.sha256
    expect(hashOf(options)).toBe(hashOf({ ...options, train: part([0, 1, 2, 3, 4, 255], [0, 1, 2]) }))
    expect(hashOf(options)).not.toBe(hashOf({ ...options, train: part([0, 1, 2, 3, 4, 254], [0, 1, 2]) }))
    expect(hashOf(options)).not.toBe(hashOf({ ...options, train: part([0, 1, 2, 3, 4, 255], [0, 2, 1]) }))
  })

  test.each<[string, Partial<FromArraysOptions>, RegExp]>([
    ['too few values', { train: part([1, 2, 3], [0, 1]) }, /expected 4 values in train.images, for 2 labels, got 3/],
    ['no images', { test: part([], []) }, /expected at least 1 image in test, got none/],
    ['a label between two classes', { test: part([1, 2], [0.5]) }, /whole numbers from 0 to 2 in test.labels, got 0.5/],
    ['a class that is not there', { classes: 2 }, /whole numbers from 0 to 1 in train.labels, got 2/],
    ['one class', { train: part([1, 2], [0]), test: part([1, 2], [0]) }, /at least 2 classes among the labels, got 1/],
    [
      'numbers outside [0, 1]',
      { test: { images: Float32Array.of(0.5, 7), labels: [0] } },
      /numbers in \[0, 1\] in test.images, got 7/,
    ],
  ])('are refused with %s', (_, wrong, message) => {
    expect(() => fromArrays({ ...options, ...wrong })).toThrow(message)
  })
})
