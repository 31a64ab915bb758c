import { readdirSync, rmSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { describeError } from '../../../../src/dsl/errors.js'
import { type ImageFolderOptions, imageFolder } from '../../../../src/io/datasets/images/imageFolder.js'
import { errorOf, unwrap } from '../../results.js'
import { pictureFolder } from './pictureFolder.js'

// Folders as ImageNet's: `val` instead of `test`, classes by the ids of WordNet, pictures of all sizes and kinds.

const { path, put, context } = pictureFolder('pwoa-sizes-')
const open = async (options: Partial<ImageFolderOptions> = {}): Promise<Dataset> =>
  unwrap(await imageFolder({ name: 'pictures', size: 4, ...options }).open(context())())
const reason = async (options: Partial<ImageFolderOptions> = {}): Promise<string> =>
  describeError(errorOf(await imageFolder({ name: 'pictures', size: 4, ...options }).open(context())()))

const flat = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } })

/** Left third red, the middle green, right third blue. */
const stripes = (width: number, height: number) =>
  sharp(
    Buffer.from(
      Array.from({ length: width * height }, (_, i) => {
        const third = Math.floor((3 * (i % width)) / width)
        return [0, 1, 2].map((channel) => (channel === third ? 255 : 0))
      }).flat(),
    ),
    { raw: { width, height, channels: 3 } },
  )

/** One picture to train on in the class n01, and flat ones elsewhere. */
const putAround = async (first: Uint8Array): Promise<void> => {
  const grey = await flat(5, 7, '#808080').png().toBuffer()
  put('train/n01440764/n01440764_1.JPEG', first)
  for (const place of ['train/n01443537/images/1.png', 'val/n01440764/1.png', 'val/n01443537/1.png']) put(place, grey)
}

const rowsOf = ({ train }: Dataset, image = 0): readonly (readonly number[])[] =>
  Array.from({ length: 4 }, (_, i) => [...train.images.subarray(image * 48 + 12 * i, image * 48 + 12 * i + 12)])

const [RED, GREEN, BLUE] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const

test('cover crops the longer side at both ends alike', async () => {
  await putAround(await stripes(12, 4).png().toBuffer())
  const data = await open()
  expect(data).toMatchObject({ shape: { height: 4, width: 4, channels: 3 }, classes: 2 })
  expect([data.train.count, data.test.count, [...data.train.labels]]).toEqual([2, 2, [0, 1]])
  expect(rowsOf(data)[0]).toEqual([GREEN, GREEN, GREEN, GREEN].flat())
  expect(rowsOf(data, 1).flat()).toEqual(new Array(48).fill(128))
})

test('contain adds black, fill stretches, and each choice is cached for itself', async () => {
  await putAround(await stripes(12, 6).png().toBuffer())
  const contained = rowsOf(await open({ fit: 'contain' }))
  expect([contained[0], contained[3]]).toEqual([new Array(12).fill(0), new Array(12).fill(0)])
  const [row = []] = rowsOf(await open({ fit: 'fill' }))
  expect([row.slice(0, 3), row.slice(9)]).toEqual([RED, BLUE])
  await open({ fit: 'cover' })
  await open({ size: 3 })
  expect(readdirSync(path('cache', 'images'))).toHaveLength(4)
})

test.each([
  ['grey', () => flat(6, 9, '#646464').toColourspace('b-w').png(), [100, 100, 100]],
  ['with alpha', () => flat(6, 9, '#0a141e').ensureAlpha(0).png(), [10, 20, 30]],
  ['of 16 bits', () => flat(6, 9, '#646464').toColourspace('rgb16').png(), [99, 99, 99]],
  ['with a palette', () => flat(6, 9, '#0a141e').png({ palette: true }), [10, 20, 30]],
] as const)('a picture %s is read as three channels', async (_, make, color) => {
  await putAround(await make().toBuffer())
  expect(rowsOf(await open())[0]).toEqual([color, color, color, color].flat())
})

test('CMYK is read as three channels, and the orientation of EXIF is not applied, as torchvision reads it', async () => {
  await putAround(await flat(6, 9, '#ffffff').toColourspace('cmyk').jpeg().toBuffer())
  expect(Math.min(...(rowsOf(await open())[0] ?? []))).toBeGreaterThan(240)
  await putAround(await stripes(12, 4).withMetadata({ orientation: 6 }).png().toBuffer())
  const [row = []] = rowsOf(await open({ fit: 'fill' }))
  expect([row.slice(0, 3), row.slice(9)]).toEqual([RED, BLUE])
})

test('errors name the file, and what helps', async () => {
  await putAround(await stripes(12, 4).png().toBuffer())
  const whole = await flat(40, 30, 'red').jpeg().toBuffer()
  put('train/n01440764/cut.jpg', whole.subarray(0, whole.length / 2))
  expect(await reason()).toMatch(/cut\.jpg: expected an image, got a file that could not be decoded/)
  expect((await open({ undecodable: 'skip' })).train.count).toBe(2)
  rmSync(path('train/n01440764/cut.jpg'))
  const mixed = errorOf(await imageFolder({ name: 'pictures' }).open(context())())
  expect(mixed).toMatchObject({ hint: expect.stringMatching(/imageFolder\(\{ size: 4 \}\)/) })
  put('train/n01443537/notes/text.txt', Buffer.from('no image'))
  put('val/n02/1.png', whole)
  expect(await reason()).toMatch(/expected the same classes in train and val, got "n02" in val alone/)
  expect(() => imageFolder({ name: 'pictures', fit: 'fill' })).toThrow(/size beside fit/)
})
