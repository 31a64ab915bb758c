import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { DataOutline, DataSource } from '../../../src/dsl/dataset.js'
import { describeError } from '../../../src/dsl/errors.js'
import { cifar10, cifar100 } from '../../../src/io/datasets/cifar/cifar.js'
import { syntheticDigits } from '../../../src/io/datasets/digits/syntheticDigits.js'
import { heldOut } from '../../../src/io/datasets/heldOut.js'
import { imageFolder } from '../../../src/io/datasets/images/imageFolder.js'
import { mnist } from '../../../src/io/datasets/mnist/mnist.js'
import { errorOf, unwrap } from '../results.js'
import { idxImages, idxLabels } from './mnist/idxBytes.js'

// What sources find before they decode anything.

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pwoa-outline-'))
  vi.stubEnv('PWOA_CACHE', join(root, 'cache'))
  vi.stubGlobal('fetch', () => Promise.reject(new Error('nothing is downloaded')))
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  rmSync(root, { recursive: true })
})

const put = (name: string, bytes: Uint8Array): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), bytes)
}
const looking = (source: DataSource, dataDir: string | undefined = root) => {
  if (!source.look) throw new Error('a source without look')
  return source.look({ dataDir })()
}
const outline = async (source: DataSource, dataDir?: string): Promise<DataOutline> =>
  unwrap(await looking(source, dataDir))
const reason = async (source: DataSource): Promise<string> => describeError(errorOf(await looking(source)))

const putMnist = (images = 3): void => {
  put('train-images-idx3-ubyte.gz', gzipSync(idxImages(new Uint8Array(images * 784))))
  put('train-labels-idx1-ubyte', idxLabels(Uint8Array.of(0, 5, 9)))
  put('t10k-images-idx3-ubyte', idxImages(new Uint8Array(2 * 784)))
  put('t10k-labels-idx1-ubyte.gz', gzipSync(idxLabels(Uint8Array.of(1, 2))))
}

test('mnist reads the headers of its files, packed or not', async () => {
  putMnist()
  expect(await outline(mnist())).toEqual({
    says: `${root}: 3 training and 2 test images of 28 × 28 × 1, 10 classes`,
    facts: { name: 'MNIST', classes: 10, shape: { height: 28, width: 28, channels: 1 } },
    train: 3,
  })
  put('t10k-images-idx3-ubyte', idxImages(new Uint8Array(2 * 784)).subarray(0, 1000))
  expect(await reason(mnist())).toMatch(/expected 1584 bytes for 2 images, got 1000 bytes/)
  putMnist(4)
  expect(await reason(mnist())).toMatch(/expected 3 images, as many as labels, got 4 images/)
  rmSync(join(root, 'train-labels-idx1-ubyte'))
  expect(await reason(mnist())).toMatch(/no train-labels-idx1-ubyte in it/)
})

test('cifar compares the sizes of its files with whole records', async () => {
  for (const name of ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'])
    put(`${name}.bin`, new Uint8Array(2 * 3073))
  expect((await outline(cifar10())).says).toBe(`${root}: 10 training and 2 test images of 32 × 32 × 3, 10 classes`)
  put('data_batch_2.bin', new Uint8Array(3000))
  expect(await reason(cifar10())).toMatch(/data_batch_2\.bin.*got 3000 bytes/)
  expect(await reason(cifar100())).toMatch(/expected train\.bin, test\.bin, or cifar-100-binary\.tar\.gz/)
  put('cifar-100-binary.tar.gz', Buffer.from('<!doctype html>'))
  expect(await reason(cifar100())).toMatch(/got a web page/)
})

test('data that will be downloaded are no error, and nothing is downloaded', async () => {
  const from = async (source: DataSource): Promise<DataOutline> => {
    if (!source.look) throw new Error('a source without look')
    return unwrap(await source.look({ dataDir: undefined })())
  }
  expect((await from(mnist())).says).toMatch(/^MNIST: 4 of its 4 files will be downloaded to /)
  expect(await from(cifar100())).toMatchObject({ facts: { classes: 100 }, says: expect.stringMatching(/will be/) })
})

test('class folders are listed, and the first header is read', async () => {
  const picture = await sharp({ create: { width: 3, height: 2, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  for (const place of ['train/a/1.png', 'train/b/1.png', 'train/b/2.png', 'test/a/1.png', 'test/b/1.png'])
    put(place, picture)
  const source = imageFolder({ name: 'red' })
  expect((await outline(source)).says).toBe(`${root}: 3 training and 2 test images of 2 × 3 × 3, 2 classes`)
  expect((await outline(heldOut(source, 1))).says).toMatch(/2 classes, 1 held out of training$/)
  expect(await reason(heldOut(source, 3))).toMatch(/fewer examples than the 3 of the training set/)
  put('train/a/1.png', Buffer.from('no image'))
  expect(await reason(source)).toMatch(/a\/1\.png: expected .*image/)
  expect(await reason(imageFolder({ name: 'red', dataDir: 'x' }))).toMatch(/1\.png/)
  rmSync(join(root, 'test'), { recursive: true })
  expect(await reason(source)).toMatch(/no folder/)
})

test('drawn digits are known without drawing them', async () => {
  expect(await outline(syntheticDigits({ train: 5, test: 2 }))).toMatchObject({ train: 5, facts: { classes: 10 } })
})
