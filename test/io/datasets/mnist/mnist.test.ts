import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { describeError, PwoaFailure } from '../../../../src/dsl/errors.js'
import { mnist } from '../../../../src/io/datasets/mnist/mnist.js'
import { needing, publicMnist, shared } from '../../../support/needs.js'
import { errorOf, fileErrorOf, unwrap } from '../../results.js'
import { idxImages, idxLabels } from './idxBytes.js'

const PUBLIC = shared('data/mnist')
const NAMES = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pwoa-mnist-'))
  vi.stubEnv('PWOA_CACHE', join(folder, 'cache'))
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('no network') })))
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  rmSync(folder, { recursive: true })
})

const context = (dataDir: string | undefined, signal = new AbortController().signal) => ({ dataDir, seed: 0, signal })

const pixels = (count: number): Uint8Array => Uint8Array.from({ length: count * 784 }, (_, i) => i % 251)
const CONTENTS: readonly Uint8Array[] = [
  idxImages(pixels(3)),
  idxLabels(Uint8Array.of(0, 5, 9)),
  idxImages(pixels(2)),
  idxLabels(Uint8Array.of(1, 2)),
]
const put = (
  at: string,
  replace: Readonly<Record<number, Uint8Array>> = {},
  rename = (name: string) => name,
): string => {
  mkdirSync(at, { recursive: true })
  NAMES.forEach((name, i) => {
    const bytes = replace[i] ?? CONTENTS[i] ?? new Uint8Array(0)
    const file = rename(name)
    writeFileSync(join(at, file), file.endsWith('.gz') ? gzipSync(bytes) : bytes)
  })
  return at
}

const open = async (dataDir: string | undefined): Promise<Dataset> => unwrap(await mnist().open(context(dataDir))())
const reason = async (dataDir: string | undefined): Promise<string> =>
  describeError(fileErrorOf(await mnist().open(context(dataDir))()))

describe('the published files', needing(publicMnist), () => {
  it('are 60,000 and 10,000 images, labelled MNIST', async () => {
    const data = await open(PUBLIC)
    expect(data).toMatchObject({ name: 'MNIST', origin: 'original', classes: 10 })
    expect(data.shape).toEqual({ height: 28, width: 28, channels: 1 })
    expect([data.train.count, data.test.count]).toEqual([60_000, 10_000])
    expect([...data.test.labels.subarray(0, 8)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9])
    const sum = data.train.images.reduce((a, b) => a + b, 0)
    expect(sum / data.train.images.length / 255).toBeCloseTo(0.1307, 4)
  })

  it('are downloaded once, checked, then read from the cache', async () => {
    const urls: string[] = []
    vi.stubGlobal('fetch', (url: string) => {
      urls.push(url)
      if (url.includes('ossci')) return Promise.resolve(new Response('busy', { status: 503 }))
      const bytes = readFileSync(join(PUBLIC, url.slice(url.lastIndexOf('/') + 1)))
      return Promise.resolve(new Response(new Uint8Array(bytes)))
    })
    expect((await open(undefined)).name).toBe('MNIST')
    expect(urls.length).toBe(8)
    expect(readdirSync(join(folder, 'cache', 'mnist')).sort()).toEqual(NAMES.map((name) => `${name}.gz`).sort())
    expect((await open(undefined)).name).toBe('MNIST')
    expect(urls.length).toBe(8)
  })

  it('raise a WriteError if the cache can’t be written to', async () => {
    writeFileSync(join(folder, 'file'), 'x')
    vi.stubEnv('PWOA_CACHE', join(folder, 'file'))
    vi.stubGlobal('fetch', () =>
      Promise.resolve(new Response(new Uint8Array(readFileSync(join(PUBLIC, `${NAMES[0]}.gz`))))),
    )
    expect(errorOf(await mnist().open(context(undefined))())._tag).toBe('WriteError')
  })
})

describe('where the files are', () => {
  it.each([
    ['as they are', (name: string) => name],
    ['with .gz', (name: string) => `${name}.gz`],
    ['with a dot', (name: string) => name.replace('-idx', '.idx')],
    ['with a dot and .gz', (name: string) => `${name.replace('-idx', '.idx')}.gz`],
  ])('%s', async (_, rename) => {
    const data = await open(put(folder, {}, rename))
    expect([...data.train.labels]).toEqual([0, 5, 9])
    expect([...data.test.images]).toEqual([...pixels(2)])
  })

  it('in a subfolder', async () => {
    put(join(folder, 'MNIST', 'raw'))
    expect((await open(folder)).train.count).toBe(3)
  })

  it('--data-dir overrides the option, and the option overrides the cache', async () => {
    const own = put(join(folder, 'own'))
    const given = put(join(folder, 'given'), { 1: idxLabels(Uint8Array.of(1, 1, 1)) })
    const source = mnist({ dataDir: own })
    expect([...unwrap(await source.open(context(undefined))()).train.labels]).toEqual([0, 5, 9])
    expect([...unwrap(await source.open(context(given))()).train.labels]).toEqual([1, 1, 1])
  })

  it('files that are not the published ones are not called MNIST', async () => {
    expect(await open(put(folder))).toMatchObject({ name: 'files in MNIST format', origin: 'recompressed' })
  })
})

describe('missing files', () => {
  it('offline: the error names the four files, the folder and --data-dir', async () => {
    const error = fileErrorOf(await mnist().open(context(undefined))())
    const cache = join(folder, 'cache', 'mnist')
    expect(error.file).toBe(cache)
    for (const name of NAMES) expect(error.expected).toContain(name)
    expect(error.actual).toBe('no train-images-idx3-ubyte there, and no download (fetch failed: no network)')
    expect(error.hint).toBe(`Put them into ${cache}, or name the folder that has them by the option dataDir.`)
  })

  it('in a folder that the user names are not downloaded', async () => {
    const fetched = vi.fn()
    vi.stubGlobal('fetch', fetched)
    rmSync(join(put(folder), NAMES[3] ?? ''))
    expect(await reason(folder)).toContain('got no t10k-labels-idx1-ubyte in it')
    expect(await reason(join(folder, 'none'))).toContain('got no such folder')
    expect(fetched).not.toHaveBeenCalled()
  })

  it('a download with another checksum is not kept', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(gzipSync(idxImages(pixels(1))))))
    expect(await reason(undefined)).toContain('expected md5 6bbc9ace898e44ae57da46a324031adb')
    expect(existsSync(join(folder, 'cache', 'mnist'))).toBe(false)
  })

  it('an endless download stops', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)) })),
      ),
    )
    expect(await reason(undefined)).toContain('at most 33554432 bytes')
  })

  it('an interrupted download is an InterruptedError', async () => {
    const controller = new AbortController()
    vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
      controller.abort()
      return aborted
    })
    const error = errorOf(await mnist().open(context(undefined, controller.signal))())
    expect(error._tag).toBe('InterruptedError')
  })
})

describe('bad files', () => {
  it('are named, with what is wrong', async () => {
    const bad = (index: number, bytes: Uint8Array): Promise<string> => reason(put(folder, { [index]: bytes }))
    const at = (index: number): string => join(folder, NAMES[index] ?? '')
    expect(await bad(0, idxLabels(Uint8Array.of(1)))).toBe(
      `mnist: ${at(0)}: expected idx magic 2051 (images), got 2049 (labels)`,
    )
    expect(await bad(1, idxLabels(Uint8Array.of(1, 2, 10)))).toBe(
      `mnist: ${at(1)}: expected labels from 0 to 9, got 10 as label number 2`,
    )
    expect(await bad(1, idxLabels(Uint8Array.of(1)))).toBe(
      `mnist: ${at(0)}: expected 1 images, as many as labels, got 3 images`,
    )
    expect(await bad(2, idxImages(new Uint8Array(8), { rows: 2, columns: 2 }))).toBe(
      `mnist: ${at(2)}: expected images of 28 × 28 pixels, got 2 × 2`,
    )
    expect(await bad(3, new Uint8Array(0))).toBe(`mnist: ${at(3)}: expected a file with contents, got an empty file`)
  })
})

describe('options', () => {
  it.each([0, -1, 1.5, 65_537, Number.NaN])('batchSize %s is refused at once', (batchSize) => {
    expect(() => mnist({ batchSize })).toThrow(PwoaFailure)
    expect(() => mnist({ batchSize })).toThrow(
      `mnist: expected batchSize to be a whole number from 1 to 65536, got ${batchSize}`,
    )
  })

  it('shows its configuration', () => {
    expect(mnist()).toMatchObject({ name: 'MNIST', batchSize: 128, config: { batchSize: 128 } })
    expect(mnist({ batchSize: 7, dataDir: 'd' }).config).toEqual({ batchSize: 7, dataDir: 'd' })
    expect(() => mnist({ dataDir: '' })).toThrow(PwoaFailure)
  })
})
