import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import tar from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DataSource, Dataset } from '../../../../src/dsl/dataset.js'
import { describeError } from '../../../../src/dsl/errors.js'
import { cifar10, cifar100 } from '../../../../src/io/datasets/cifar/cifar.js'
import { CIFAR_10, type CifarVersion } from '../../../../src/io/datasets/cifar/cifarFiles.js'
import { fetchCifar, readCifar } from '../../../../src/io/datasets/cifar/cifarFolder.js'
import { horizontalFlip } from '../../../../src/math/augmentations.js'
import { errorOf, fileErrorOf, unwrap } from '../../results.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pwoa-cifar-'))
  vi.stubEnv('PWOA_CACHE', join(folder, 'cache'))
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('no network') })))
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  rmSync(folder, { recursive: true })
})

const root = (): string => join(folder, 'data')
const context = (dataDir: string | undefined, signal = new AbortController().signal) => ({ dataDir, seed: 0, signal })
const open = async (source: DataSource, at: readonly [dataDir?: string] = [root()]): Promise<Dataset> =>
  unwrap(await source.open(context(at[0]))())
const reason = async (source: DataSource, at: readonly [dataDir?: string] = [root()]): Promise<string> =>
  describeError(fileErrorOf(await source.open(context(at[0]))()))

/** Records of the labels; pixel p of plane c of the i-th image is (7·i + 50·c + p) mod 256. */
const records = (labels: readonly (readonly number[])[]): Buffer =>
  Buffer.concat(
    labels.map((label, i) =>
      Buffer.from([
        ...label,
        ...Array.from({ length: 3072 }, (_, at) => (7 * i + 50 * Math.floor(at / 1024) + (at % 1024)) % 256),
      ]),
    ),
  )

const TEN: Readonly<Record<string, Buffer>> = {
  'data_batch_1.bin': records([[3], [9]]),
  'data_batch_2.bin': records([[0]]),
  'data_batch_3.bin': records([[1]]),
  'data_batch_4.bin': records([[2]]),
  'data_batch_5.bin': records([[4], [5], [6]]),
  'test_batch.bin': records([[8], [7]]),
}

const put = (at: string, files: Readonly<Record<string, Uint8Array>>): void => {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(at, name)), { recursive: true })
    writeFileSync(join(at, name), bytes)
  }
}

const archiveOf = async (...parts: readonly Readonly<Record<string, Buffer>>[]): Promise<Buffer> => {
  const pack = tar.pack()
  for (const [name, bytes] of parts.flatMap((files) => Object.entries(files)))
    pack.entry({ name: `cifar-10-batches-bin/${name}` }, bytes)
  pack.entry({ name: 'cifar-10-batches-bin/readme.html' }, 'hello')
  pack.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of pack) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}

const halfOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length / 2)

const expectTen = (data: Dataset): void => {
  expect([...data.train.labels]).toEqual([3, 9, 0, 1, 2, 4, 5, 6])
  expect([...data.test.labels]).toEqual([8, 7])
  expect(data.shape).toEqual({ height: 32, width: 32, channels: 3 })
  // Pixel 5 of the second training image: red, green, blue.
  expect([...data.train.images.subarray(3072 + 15, 3072 + 18)]).toEqual([12, 62, 112])
  expect(data.classes).toBe(10)
}

describe('cifar10', () => {
  it.each(['', 'cifar-10-batches-bin', 'cifar10/cifar-10-batches-bin'])(
    'reads the files in "%s", and says that they are others',
    async (at) => {
      put(join(root(), at), TEN)
      const data = await open(cifar10())
      expectTen(data)
      expect(data).toMatchObject({ name: 'files in CIFAR-10 format', origin: 'recompressed' })
    },
  )

  it('reads the archive, and packs it once', async () => {
    put(root(), { 'cifar-10-binary.tar.gz': await archiveOf(TEN) })
    expectTen(await open(cifar10({ augment: [horizontalFlip()] })))
    expect(readdirSync(join(folder, 'cache', 'images')).length).toBe(1)
    const again = await open(cifar10({ augment: [horizontalFlip()] }))
    expectTen(again)
    expect(again.augment?.map(({ name }) => name)).toEqual(['horizontalFlip'])
  })

  it('knows the published bytes by their checksums', async () => {
    const named = ({ name }: { readonly name: string }) => ({
      name,
      md5: createHash('md5')
        .update(TEN[name] ?? '')
        .digest('hex'),
    })
    const version: CifarVersion = { ...CIFAR_10, train: CIFAR_10.train.map(named), test: CIFAR_10.test.map(named) }
    put(root(), TEN)
    const read = (of: CifarVersion) => readCifar('cifar10', { kind: 'files', path: root() }, of)
    expect((await read(version)).published).toBe(true)
    // The packed data keep their origin; another version of a file is packed separately.
    put(root(), { 'test_batch.bin': records([[8], [6]]) })
    expect((await read(version)).published).toBe(false)
  })

  it('reads class folders as what they are', async () => {
    const image = (value: number) =>
      sharp({ create: { width: 32, height: 32, channels: 3, background: { r: value, g: 0, b: 0 } } })
    for (let label = 0; label < 10; label++)
      for (const split of ['train', 'test'])
        put(root(), { [`${split}/c${label}/0.jpg`]: await image(label).jpeg().toBuffer() })
    const data = await open(cifar10())
    expect(data).toMatchObject({ name: 'CIFAR-10 (JPEG)', origin: 'recompressed', classes: 10 })
    expect([...data.test.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await reason(cifar100())).toMatch(/the 100 classes of CIFAR-100, got 10/)
    put(root(), { 'train/c0/1.jpg': await image(1).resize(16, 16).jpeg().toBuffer() })
    expect(await reason(cifar10())).toMatch(/1\.jpg: expected images of 32 × 32 × 3/)
  })

  it.each<readonly [string, () => Promise<Readonly<Record<string, Uint8Array>>>, RegExp]>([
    ['nothing', async () => ({}), /data_batch_1\.bin.*or cifar-10-binary\.tar\.gz, or class folders/],
    [
      'a file that is cut off',
      async () => ({ ...TEN, 'data_batch_4.bin': records([[2]]).subarray(0, 3000) }),
      /records of 3073 bytes in data_batch_4\.bin, got 3000 bytes/,
    ],
    [
      'an empty file',
      async () => ({ ...TEN, 'data_batch_4.bin': new Uint8Array(0) }),
      /data_batch_4\.bin: .*an empty file/,
    ],
    [
      'a label outside the classes',
      async () => ({ ...TEN, 'test_batch.bin': records([[10]]) }),
      /labels below 10 in test_batch\.bin, got 10/,
    ],
    [
      'a file that is missing',
      async () => Object.fromEntries(Object.entries(TEN).filter(([name]) => name !== 'test_batch.bin')),
      /test_batch\.bin: expected a readable file, got no such file/,
    ],
    [
      'the first file that is missing',
      async () => Object.fromEntries(Object.entries(TEN).filter(([name]) => name !== 'data_batch_1.bin')),
      /data_batch_1\.bin: expected a readable file, got no such file/,
    ],
    [
      'the version for Python',
      async () => ({ 'cifar-10-batches-py/data_batch_1': new Uint8Array(1) }),
      /got \S+cifar-10-batches-py, which is the version for Python/,
    ],
    [
      'half of an archive',
      async () => ({ 'cifar-10-binary.tar.gz': halfOf(await archiveOf(TEN)) }),
      /cifar-10-binary\.tar\.gz: expected a whole \.tar\.gz archive, got an archive that fails/,
    ],
    [
      'a file that is not an archive',
      async () => ({ 'cifar-10-binary.tar.gz': Buffer.from('<html>not found</html>') }),
      /expected a \.tar\.gz archive, got a web page \(HTML\)/,
    ],
    [
      'a pointer of Git LFS for records',
      async () => ({ ...TEN, 'data_batch_1.bin': Buffer.from('version https://git-lfs.github.com/spec/v1\n') }),
      /records of 3073 bytes in data_batch_1\.bin, got a Git LFS pointer/,
    ],
    [
      'an archive that has a file twice',
      async () => ({ 'cifar-10-binary.tar.gz': await archiveOf(TEN, { 'data_batch_2.bin': records([[5]]) }) }),
      /expected data_batch_2\.bin once in the archive, got two files of that name/,
    ],
    [
      'an archive without a file',
      async () => ({ 'cifar-10-binary.tar.gz': await archiveOf({ 'test_batch.bin': records([[1]]) }) }),
      /data_batch_1\.bin in the archive, got no file of that name/,
    ],
  ])('refuses %s', async (_, files, message) => {
    put(root(), await files())
    expect(await reason(cifar10())).toMatch(message)
    expect(existsSync(join(folder, 'cache', 'images'))).toBe(false)
  })

  it('is downloaded if no folder is named, and its checksum is compared', async () => {
    expect(await reason(cifar10(), [])).toMatch(
      /no cifar-10-binary\.tar\.gz there, and no download \(fetch failed: no network\)/,
    )
    const bytes = await archiveOf(TEN)
    const urls: string[] = []
    vi.stubGlobal('fetch', (url: string) => {
      urls.push(url)
      return Promise.resolve(
        url.includes('www.') ? new Response('', { status: 503 }) : new Response(new Uint8Array(bytes)),
      )
    })
    expect(await reason(cifar10(), [])).toMatch(/status 503; expected md5 c32a1d4ab5d03f1284b67883e8d87530/)
    expect(existsSync(join(folder, 'cache', 'cifar'))).toBe(false)
    expect(urls).toEqual([
      'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
      'https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz',
    ])
    const md5 = createHash('md5').update(bytes).digest('hex')
    const version = { ...CIFAR_10, archive: { ...CIFAR_10.archive, md5 } }
    const place = await fetchCifar('cifar10', version, new AbortController().signal)
    expect(place).toEqual({ kind: 'archive', path: join(folder, 'cache', 'cifar', 'cifar-10-binary.tar.gz') })
    vi.stubGlobal('fetch', () => Promise.reject(new Error('not again')))
    expectTen(await open(cifar10(), []))
    const stopped = errorOf(await cifar100().open(context(undefined, AbortSignal.abort()))())
    expect(stopped._tag).toBe('InterruptedError')
  })
})

describe('cifar100', () => {
  it('takes the fine labels', async () => {
    put(join(root(), 'cifar-100-binary'), {
      'train.bin': records([
        [4, 99],
        [1, 5],
      ]),
      'test.bin': records([[0, 42]]),
    })
    const data = await open(cifar100())
    expect(data).toMatchObject({ name: 'files in CIFAR-100 format', classes: 100 })
    expect([[...data.train.labels], [...data.test.labels]]).toEqual([[99, 5], [42]])
    expect(await reason(cifar10())).toMatch(/data_batch_1\.bin/)
  })
})
