import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { valueOfTask } from '../../../../src/dsl/errors.js'
import { type FromGeneratorOptions, fromGenerator } from '../../../../src/io/datasets/arrays/fromGenerator.js'

const shape = { height: 1, width: 2, channels: 1 }

async function* slowly() {
  const image = new Uint8Array(2)
  for (let i = 0; i < 3; i++) {
    await Promise.resolve()
    // The same array again: what was yielded before must not change.
    image.fill(i)
    yield { image, label: i % 2 }
  }
}

function* floats() {
  yield { image: Float32Array.of(0.5, 1), label: 1 }
}

const options: FromGeneratorOptions = { name: 'mine', shape, classes: 2, train: slowly, test: floats }

const opened = (more: Partial<FromGeneratorOptions> = {}): Promise<Dataset> =>
  valueOfTask(
    fromGenerator({ ...options, ...more }).open({ dataDir: undefined, seed: 0, signal: new AbortController().signal }),
  )

describe('images of a generator', () => {
  it('are read one after the other, bytes or floats', async () => {
    const { train, test, ...facts } = await opened()
    expect(facts).toMatchObject({ name: 'mine', classes: 2, shape })
    expect([train.count, [...train.images], [...train.labels]]).toEqual([3, [0, 0, 1, 1, 2, 2], [0, 1, 0]])
    expect([test.count, [...test.images], [...test.labels]]).toEqual([1, [128, 255], [1]])
  })

  it('are known to the plan by the version only', () => {
    expect(fromGenerator({ ...options, version: '7' }).config).toMatchObject({ version: '7', classes: 2 })
    expect(fromGenerator(options).config).not.toHaveProperty('version')
  })

  it.each<[string, Partial<FromGeneratorOptions>, RegExp]>([
    [
      'another length',
      { train: () => [{ image: new Uint8Array(3), label: 0 }] },
      /2 values in image 0 of train, got 3/,
    ],
    [
      'a class that is not there',
      { test: () => [{ image: new Uint8Array(2), label: 2 }] },
      /class from 0 to 1 of image 0/,
    ],
    ['no images', { test: () => [] }, /at least 1 image from test, got none/],
    [
      'numbers outside [0, 1]',
      { train: () => [{ image: Float32Array.of(0, 7), label: 0 }] },
      /floats in \[0, 1\], in image 0 of train, got 7/,
    ],
  ])('are refused with %s', async (_, more, message) => {
    await expect(opened(more)).rejects.toThrow(message)
  })

  it('pass on what the generator throws', async () => {
    const broken = () => {
      throw new Error('the disk is away')
    }
    await expect(opened({ train: broken })).rejects.toThrow('the disk is away')
  })
})
