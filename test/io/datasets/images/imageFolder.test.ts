import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { describeError, PwoaFailure } from '../../../../src/dsl/errors.js'
import { packDataset, unpackDataset } from '../../../../src/io/datasets/common/packedDataset.js'
import { decodeImages } from '../../../../src/io/datasets/images/decodeImages.js'
import { loadDecoder } from '../../../../src/io/datasets/images/imageDecoder.js'
import { listImages } from '../../../../src/io/datasets/images/imageFiles.js'
import { type ImageFolderOptions, imageFolder } from '../../../../src/io/datasets/images/imageFolder.js'
import { ReadBudget } from '../../../../src/io/files/readBudget.js'
import { horizontalFlip, randomCrop } from '../../../../src/math/augmentations.js'
import { concat, u32 } from '../../bytes.js'
import { errorOf, fileErrorOf, unwrap } from '../../results.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pwoa-images-'))
  vi.stubEnv('PWOA_CACHE', join(folder, 'cache'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const root = (): string => join(folder, 'pictures')
const context = (signal = new AbortController().signal) => ({ dataDir: root(), seed: 0, signal })

/** 2 × 3 pixels of one color each, its first channel `value`. */
const pixelsOf = (value: number): Uint8Array => Uint8Array.from({ length: 18 }, (_, i) => (i % 3 === 0 ? value : i))
const png = (value: number, width = 3): Promise<Buffer> =>
  sharp(pixelsOf(value).subarray(0, width * 6), { raw: { width, height: 2, channels: 3 } })
    .png()
    .toBuffer()

const put = (place: string, bytes: Uint8Array): void => {
  const path = join(root(), place)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
}

/** Two classes: cats of 10, 11, 12 and dogs of 20, 21 to train on, and one of each to test. */
const putAll = async (): Promise<void> => {
  for (const [place, value] of [
    ['train/dog/b.png', 21],
    ['train/dog/a.png', 20],
    ['train/cat/1.png', 10],
    ['train/cat/2.png', 11],
    ['train/cat/3.png', 12],
    ['test/cat/x.png', 13],
    ['test/dog/x.png', 22],
  ] as const)
    put(place, await png(value))
  put('train/cat/notes.txt', Buffer.from('no image'))
  put('train/cat/.hidden.png', Buffer.from('no image'))
}

const options: ImageFolderOptions = { name: 'pictures' }
const open = async (others: Partial<ImageFolderOptions> = {}): Promise<Dataset> =>
  unwrap(await imageFolder({ ...options, ...others }).open(context())())
const reason = async (others: Partial<ImageFolderOptions> = {}): Promise<string> =>
  describeError(fileErrorOf(await imageFolder({ ...options, ...others }).open(context())()))
const cached = (): readonly string[] => readdirSync(join(folder, 'cache', 'images'))

describe('imageFolder', () => {
  it('reads pixels unchanged, numbers the sorted names, and takes the classes in turn', async () => {
    await putAll()
    const data = await open()
    expect(data).toMatchObject({ name: 'pictures', origin: 'original', classes: 2 })
    expect(data.shape).toEqual({ height: 2, width: 3, channels: 3 })
    expect([...data.train.labels]).toEqual([0, 1, 0, 1, 0])
    expect([0, 1, 2, 3, 4].map((i) => data.train.images[18 * i])).toEqual([10, 20, 11, 21, 12])
    expect(data.train.images.subarray(18, 36)).toEqual(pixelsOf(20))
    expect([...data.test.labels]).toEqual([0, 1])
    expect(data.test.count).toBe(2)
  })

  it('labels JPEG as recompressed, and reads one channel on request', async () => {
    await putAll()
    put(
      'train/dog/c.jpg',
      await sharp({ create: { width: 3, height: 2, channels: 3, background: '#fff' } })
        .jpeg()
        .toBuffer(),
    )
    const data = await open({ color: 'grey' })
    expect(data.origin).toBe('recompressed')
    expect(data.shape.channels).toBe(1)
    expect(data.train.images[data.train.images.length - 1]).toBe(255)
  })

  it('is decoded once, and again if a file changes or the packed file is damaged', async () => {
    await putAll()
    const first = await open()
    const [file = ''] = cached()
    const path = join(folder, 'cache', 'images', file)
    const bytes = readFileSync(path)
    // The packed file is used: changed pixels in it, with the right checksum, are returned.
    const packed = unpackDataset(bytes)
    if (!packed) throw new Error('not packed')
    packed.test.images.fill(99)
    writeFileSync(path, packDataset(packed))
    expect([...(await open()).test.images]).toEqual(Array.from({ length: 36 }, () => 99))

    bytes[bytes.length - 1] = 1 - (bytes[bytes.length - 1] ?? 0)
    writeFileSync(path, bytes)
    expect((await open()).test).toEqual(first.test)
    expect(cached()).toEqual([file])

    utimesSync(join(root(), 'train/cat/1.png'), 1, 1)
    await open()
    expect(cached().length).toBe(2)
  })

  it('reports how many files it skipped, if it is to skip them', async () => {
    await putAll()
    put('train/dog/broken.png', (await png(5)).subarray(0, 40))
    expect(await reason()).toMatch(/broken\.png: expected an image, got a file that could not be decoded \(.*[a-z]\)$/)
    const data = await open({ undecodable: 'skip' })
    expect(data.name).toBe('pictures, 1 undecodable files left out')
    expect(data.train.count).toBe(5)
    expect((await open({ undecodable: 'skip' })).name).toBe(data.name)
  })

  it('reads stored pixels and ignores color profiles', async () => {
    await putAll()
    const profiled = await sharp(pixelsOf(200), { raw: { width: 3, height: 2, channels: 3 } })
      .withIccProfile('p3')
      .png()
      .toBuffer()
    put('train/dog/c.png', profiled)
    const stored = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer()
    // Otherwise the test could not fail.
    expect([...(await sharp(profiled).toColourspace('srgb').raw().toBuffer())]).not.toEqual([...stored])
    const { images } = (await open()).train
    expect([...images.subarray(images.length - 18)]).toEqual([...stored])
  })

  it('ignores folders among the images, and names a file that can’t be read', async () => {
    await putAll()
    mkdirSync(join(root(), 'train/cat/4.png'))
    expect((await open()).train.count).toBe(5)
    symlinkSync(join(folder, 'nowhere'), join(root(), 'train/cat/5.png'))
    expect(await reason({ undecodable: 'skip' })).toBe(
      `imageFolder: ${root()}: expected folders and files that can be read, got ${join(root(), 'train/cat/5.png')} (ENOENT)`,
    )
  })

  it('hints at an archive that is not unpacked yet', async () => {
    put('pictures.tar.xz', Buffer.from('packed'))
    const error = fileErrorOf(await imageFolder(options).open(context())())
    expect(error.hint).toBe(`Unpack it first: tar xf ${join(root(), 'pictures.tar.xz')}`)
  })

  it('reports a decoder that does not load; packed images need none', async () => {
    await putAll()
    vi.doMock('sharp', () => {
      throw new Error('no binary for this platform')
    })
    const error = errorOf(await imageFolder(options).open(context())())
    vi.doUnmock('sharp')
    expect(error).toMatchObject({
      _tag: 'UsageError',
      stage: 'imageFolder',
      hint: expect.stringContaining('npm install sharp@'),
    })
    expect((await open()).train.count).toBe(5)
  })

  it('refuses more pixels than allowed before it decodes all of them', async () => {
    await putAll()
    const decoder = await loadDecoder('test')
    const { train } = await listImages(root())
    const settings = { decoder, color: 'rgb', undecodable: 'refuse', signal: context().signal } as const
    const decoded = (mostBytes: number) =>
      decodeImages({ stage: 'test', file: root() }, train, { ...settings, mostBytes, budget: new ReadBudget(0) })
    expect((await decoded(90)).split.count).toBe(5)
    await expect(decoded(89)).rejects.toThrow(
      `test: ${root()}: expected at most 89 bytes of pixels, got 5 images of 2 × 3 × 3, 90 bytes`,
    )
  })

  it('refuses images that are too large by their headers, before it decodes one', async () => {
    // 20 kB each in the file, 12 MB as pixels.
    const large = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#000' } })
      .png()
      .toBuffer()
    for (let i = 0; i < 70; i++) put(`train/${i % 2 === 0 ? 'cat' : 'dog'}/${i}.png`, large)
    for (const name of ['cat', 'dog']) put(`test/${name}/x.png`, large)
    const { train } = await listImages(root())
    const decoder = await loadDecoder('test')
    let decoded = 0
    const counting = {
      ...decoder,
      decode: async (...args: Parameters<typeof decoder.decode>) => {
        const pixels = await decoder.decode(...args)
        decoded += pixels.data.length
        return pixels
      },
    }
    const settings = { color: 'rgb', undecodable: 'refuse', signal: context().signal, mostBytes: 2 ** 31 } as const
    const decode = (budget: ReadBudget) =>
      decodeImages({ stage: 'test', file: root() }, train, { ...settings, decoder: counting, budget })
    await expect(decode(new ReadBudget(0))).rejects.toThrow(
      'read with at most 512 MiB of memory, got one that needs 802 MiB or more, for 70 images of 2000 × 2000 × 3',
    )
    expect(decoded).toBe(0)

    put('train/cat/0.png', await png(1))
    const after = await listImages(root())
    await expect(
      decodeImages({ stage: 'test', file: root() }, after.train, {
        ...settings,
        decoder: counting,
        budget: new ReadBudget(0),
      }),
    ).rejects.toThrow('expected images of 2 × 3 × 3, as the first image, got 2000 × 2000 × 3')
    // The first image, once to know its shape and once with its group.
    expect(decoded).toBe(36)
    expect(await reason()).toContain('images of 2 × 3 × 3, as the first image')
  })

  it('names the option that allows more pixels, and obeys it', async () => {
    await putAll()
    expect(await reason({ readBudget: 1e-9 })).toContain('is read with at most 1 MiB of memory')
    expect(await errorOf(await imageFolder({ ...options, readBudget: 1e-9 }).open(context())())).toMatchObject({
      hint: expect.stringMatching(/^If you trust the file, allow more: readBudget: \d/),
    })
    expect((await open({ readBudget: 2 })).train.count).toBe(5)
    expect(imageFolder({ ...options, readBudget: 2 }).config).toEqual(imageFolder(options).config)
  })

  it.each([
    [
      'another format under the extension of PNG',
      async () => {
        await putAll()
        put('test/cat/y.png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>'))
      },
      /y\.png: expected an image, got a text that begins with "<svg/,
    ],
    [
      'an image that is cut off',
      async () => {
        await putAll()
        const whole = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#fff' } })
          .jpeg()
          .toBuffer()
        put('test/dog/y.jpg', whole.subarray(0, whole.length - 20))
      },
      /y\.jpg: expected an image, got a file that could not be decoded/,
    ],
    ['no folder', async (): Promise<void> => undefined, /no folder .*train/],
    [
      'a class without images',
      async () => {
        await putAll()
        mkdirSync(join(root(), 'train', 'emu'))
        put('test/emu/x.png', await png(1))
      },
      /at least one JPEG or PNG file in each class folder.*emu/s,
    ],
    [
      'a class that only one split has',
      async () => {
        await putAll()
        put('test/emu/x.png', await png(1))
      },
      /"emu" in test alone/,
    ],
    [
      'an image of another size',
      async () => {
        await putAll()
        put('test/dog/y.png', await png(1, 2))
      },
      /y\.png.*2 × 3 × 3, as the first image.*2 × 2 × 3/s,
    ],
    ['one class', async () => put('train/cat/1.png', await png(1)), /no folder .*test/],
  ] as const)('refuses %s', async (_, prepare, message) => {
    await prepare()
    expect(await reason()).toMatch(message)
    expect(existsSync(join(folder, 'cache', 'images'))).toBe(false)
  })

  it('stops if it is aborted, and leaves no files', async () => {
    await putAll()
    const error = errorOf(await imageFolder(options).open(context(AbortSignal.abort()))())
    expect(error._tag).toBe('InterruptedError')
    expect(existsSync(join(folder, 'cache', 'images'))).toBe(false)
  })

  it('shows its options in the plan, and refuses wrong options at once', () => {
    expect(imageFolder({ ...options, augment: [randomCrop({ padding: 3 }), horizontalFlip()] }).config).toMatchObject({
      augment: [{ name: 'randomCrop', padding: 3 }, { name: 'horizontalFlip' }],
      undecodable: 'refuse',
    })
    for (const wrong of [{ name: ' ' }, { batchSize: 0 }, { dataDir: '' }] satisfies Partial<ImageFolderOptions>[])
      expect(() => imageFolder({ ...options, ...wrong })).toThrow(PwoaFailure)
  })
})

describe('a packed data set', () => {
  const split = (count: number, seed: number) => ({
    count,
    images: Uint8Array.from({ length: 6 * count }, (_, i) => (i * seed) % 256),
    labels: Uint16Array.from({ length: count }, (_, i) => i % 2),
  })
  const contents = {
    shape: { height: 2, width: 3, channels: 1 },
    classes: 2,
    skipped: 1,
    published: true,
    train: split(5, 7),
    test: split(2, 9),
  }
  const bytes = packDataset(contents)

  it('is unpacked unchanged', () => {
    expect(unpackDataset(bytes)).toEqual(contents)
  })

  it('has a byte for each of up to 256 classes, and two for more', () => {
    const label = (value: number) => ({ ...split(1, 3), labels: Uint16Array.of(value) })
    const of = (classes: number) => ({ ...contents, classes, train: label(classes - 1), test: label(0) })
    for (const classes of [256, 257, 1000, 65_536]) expect(unpackDataset(packDataset(of(classes)))).toEqual(of(classes))
    const bodies = [256, 257].map((classes) => packDataset(of(classes)).length)
    expect((bodies[1] ?? 0) - (bodies[0] ?? 0)).toBe(2)
  })

  it.each([
    ['classes', '"classes":2', '"classes":9'],
    ['counts', '"train":5,"test":2', '"train":2,"test":5'],
    ['the shape', '"height":2,"width":3', '"height":3,"width":2'],
    ['where the pixels are from', '"skipped":1,"published":true', '"skipped":10,"published":1  '],
  ])('is not used if %s in its header are changed', (_what, from, to) => {
    const text = Buffer.from(bytes).toString('latin1')
    expect(text).toContain(from)
    expect(unpackDataset(Buffer.from(text.replace(from, to), 'latin1'))).toBeUndefined()
  })

  it('of the first format, whose header had no checksum, is not used', () => {
    const header = { height: 1, width: 1, channels: 1, classes: 2, skipped: 0, published: true, train: 1, test: 1 }
    const body = Uint8Array.of(7, 0, 8, 1)
    const text = JSON.stringify({ ...header, crc32: crc32(body) })
    expect(unpackDataset(concat('PWOAPACK', u32(text.length), text, body))).toBeUndefined()
  })

  it('is not used if any byte is changed, or if it is cut off anywhere', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const damaged = Uint8Array.from(bytes)
        damaged[place] = (damaged[place] ?? 0) ^ change
        expect(unpackDataset(damaged)).toBeUndefined()
        expect(unpackDataset(bytes.subarray(0, place))).toBeUndefined()
      }),
      { seed: 3, numRuns: 400 },
    )
  })
})
