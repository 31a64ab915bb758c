import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DataSource } from '../../../src/dsl/dataset.js'
import { cifar10 } from '../../../src/io/datasets/cifar/cifar.js'
import { CIFAR_10 } from '../../../src/io/datasets/cifar/cifarFiles.js'
import { syntheticDigits } from '../../../src/io/datasets/digits/syntheticDigits.js'
import { heldOut } from '../../../src/io/datasets/heldOut.js'
import { imageFolder } from '../../../src/io/datasets/images/imageFolder.js'
import { mnist } from '../../../src/io/datasets/mnist/mnist.js'
import { MNIST_FILES } from '../../../src/io/datasets/mnist/mnistFiles.js'
import { nonEmpty } from '../../support/expectEvery.js'
import { needing, publicMnist, shared } from '../../support/needs.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pwoa-contents-'))
  vi.stubEnv('PWOA_CACHE', join(folder, 'cache'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const contentsOf = async (source: DataSource, place: string | undefined): Promise<string | undefined> =>
  source.contents?.({ dataDir: place === undefined ? undefined : join(folder, place) })

const put = (files: Readonly<Record<string, string | Uint8Array>>): void => {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

const hash = /^[0-9a-f]{64}$/

const inMnistFormat = (place: string, last = 'labels'): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.values(MNIST_FILES).map(({ name }, index) => [`${place}/${name}`, index === 3 ? last : `file ${index}`]),
  )

const packed = (files: Readonly<Record<string, string>>): Readonly<Record<string, Uint8Array>> =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${path}.gz`, gzipSync(text)]))

const inCifarFormat = (place: string, last: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...CIFAR_10.train, ...CIFAR_10.test].map(({ name }, index) => [`${place}/${name}`, index === 5 ? last : name]),
  )

const images = (place: string, of: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['train/cat/1.png', 'train/dog/1.png', 'test/cat/1.png', 'test/dog/1.png'].map((path) => [
      `${place}/${path}`,
      of[path] ?? path,
    ]),
  )

describe('the contents of a data set', () => {
  test('are not read from a pipe, which would block, or from a device', async () => {
    for (const [make, files, source] of [
      ['pipe', inMnistFormat('pipe'), mnist()],
      ['device', inCifarFormat('device', 'x'), cifar10()],
    ] as const) {
      put(files)
      const [first = ''] = Object.keys(files)
      rmSync(join(folder, first))
      if (make === 'pipe') execFileSync('mkfifo', [join(folder, first)])
      else symlinkSync('/dev/zero', join(folder, first))
      expect(await contentsOf(source, make)).toBe('unreadable')
    }
  })

  test('are undefined if the data is drawn, or is to be downloaded', async () => {
    expect(syntheticDigits().contents).toBeUndefined()
    expect(await contentsOf(mnist(), undefined)).toBeUndefined()
    expect(await contentsOf(cifar10(), undefined)).toBeUndefined()
    expect(await contentsOf(mnist(), 'not-there')).toBeUndefined()
    expect(await contentsOf(cifar10(), 'not-there')).toBeUndefined()
  })

  test('are undefined for the published files of MNIST', needing(publicMnist), async () => {
    expect(await mnist().contents?.({ dataDir: shared('data/mnist') })).toBeUndefined()
  })

  test('are a hash of other files in the format of MNIST, the same with gzip and without', async () => {
    put({ ...inMnistFormat('one'), ...packed(inMnistFormat('two')), ...inMnistFormat('three', 'other') })
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((place) => contentsOf(mnist(), place)))
    expect(one).toMatch(hash)
    expect(two).toBe(one)
    expect(three).toMatch(hash)
    expect(three).not.toBe(one)
    expect(await contentsOf(heldOut(mnist(), 5), 'three')).toBe(three)
    const [broken = '', ...whole] = Object.keys(inMnistFormat('four'))
    put({ ...Object.fromEntries(whole.map((path) => [path, 'file'])), [`${broken}.gz`]: Uint8Array.of(0x1f, 0x8b, 1) })
    expect(await contentsOf(mnist(), 'four')).toBe('unreadable')
  })

  test('are a hash of other files in the format of CIFAR-10, of its archive, and of class folders', async () => {
    put({ ...inCifarFormat('one', 'a'), ...inCifarFormat('two', 'b'), 'three/cifar-10-binary.tar.gz': 'other' })
    put(images('four', {}))
    const places = ['one', 'two', 'three', 'four']
    const all = await Promise.all(places.map((place) => contentsOf(cifar10(), place)))
    for (const one of nonEmpty(all)) expect(one).toMatch(hash)
    expect(new Set(all).size).toBe(places.length)
  })

  test('are a hash of images, their names and classes, in whatever folder', async () => {
    const pictures = imageFolder({ name: 'pictures' })
    const swapped = { 'train/cat/1.png': 'train/dog/1.png', 'train/dog/1.png': 'train/cat/1.png' }
    put({ ...images('one', {}), ...images('deep/two', {}), ...images('three', swapped) })
    put({
      ...images('four', {}),
      'four/train/dog/2.png': 'one more',
      ...images('five', { 'test/dog/1.png': 'test/dog/2.png' }),
    })
    const places = ['one', 'three', 'four', 'five']
    const all = await Promise.all(places.map((place) => contentsOf(pictures, place)))
    expect(new Set(all).size).toBe(places.length)
    expect(await contentsOf(pictures, 'deep/two')).toBe(all[0])
    expect(await contentsOf(pictures, 'nowhere')).toBe('unreadable')
    expect(await contentsOf(pictures, undefined)).toBeUndefined()
  })

  test('are hashed once, unless a file changes in size or date', async () => {
    const pictures = imageFolder({ name: 'pictures' })
    const files = images('one', {})
    put(files)
    const age = (seconds: number): void => {
      for (const path of Object.keys(files)) utimesSync(join(folder, path), seconds, seconds)
    }
    age(1_000_000)
    const first = await contentsOf(pictures, 'one')
    put({ 'one/train/cat/1.png': 'TRAIN/cat/1.png' })
    const touched = await contentsOf(pictures, 'one')
    expect(touched).not.toBe(first)
    age(1_000_000)
    expect(await contentsOf(pictures, 'one'), 'size and date as before').toBe(first)
    age(2_000_000)
    expect(await contentsOf(pictures, 'one')).toBe(touched)
    expect(readdirSync(join(folder, 'cache', 'contents'))).toHaveLength(2)
  })
})
