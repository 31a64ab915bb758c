import { readdirSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { valueOfTask } from '../../../../src/dsl/errors.js'
import { type ImageFolderOptions, imageFolder } from '../../../../src/io/datasets/images/imageFolder.js'
import { unwrap } from '../../results.js'
import { pictureFolder } from './pictureFolder.js'

// ImageNet's many classes, its evaluation's crop, and a part of its many pictures.

const CLASSES = 1000
const { path, put, context } = pictureFolder('pwoa-imagenet-')
const source = (options: Partial<ImageFolderOptions> = {}) => imageFolder({ name: 'pictures', ...options })
const open = async (options?: Partial<ImageFolderOptions>) => unwrap(await source(options).open(context())())

const picture = (height: number, width: number, pixel: (y: number, x: number) => readonly number[]) =>
  sharp(Buffer.from(Array.from({ length: height * width }, (_, i) => pixel(Math.floor(i / width), i % width)).flat()), {
    raw: { width, height, channels: 3 },
  })
    .png()
    .toBuffer()

test('a thousand classes keep their labels, also from the cache', async () => {
  const one = await picture(1, 1, () => [1, 2, 3])
  for (let i = 0; i < CLASSES; i++)
    for (const split of ['train', 'val']) put(`${split}/n${String(i).padStart(8, '0')}/1.JPEG`, one)
  const labels = Array.from({ length: CLASSES }, (_, i) => i)
  for (const _ of ['decoded', 'from the cache']) {
    const { classes, train, test: others } = await open()
    expect([classes, [...train.labels], [...others.labels]]).toEqual([CLASSES, labels, labels])
    expect([...others.images.subarray(-3)]).toEqual([1, 2, 3])
  }
  expect(readdirSync(path('cache', 'images'))).toHaveLength(1)
  expect((await valueOfTask(source().look?.(context()) ?? expect.fail())).facts?.classes).toBe(CLASSES)
})

// Pixel (y, x) is [12·x, 17·y, x·y]; expected are the first and the last row of Pillow's pixels after torchvision's
// transforms (0.20): Resize(resize) and CenterCrop(size).
test.each([
  [12, 9, 6, 4, [21, 55, 6, 39, 55, 11, 57, 55, 15, 75, 55, 20], [21, 132, 14, 39, 132, 25, 57, 132, 37, 75, 132, 49]],
  [
    12,
    20,
    7,
    4,
    [93, 66, 30, 114, 66, 37, 135, 66, 43, 157, 66, 50],
    [93, 152, 69, 114, 152, 85, 135, 152, 101, 157, 152, 117],
  ],
  [9, 9, 6, 3, [39, 55, 11, 57, 55, 15, 75, 55, 20], [39, 106, 20, 57, 106, 30, 75, 106, 39]],
])(
  '%i × %i pixels are resized to %i and cropped to %i as by torchvision',
  async (height, width, resize, size, first, last) => {
    const shaded = await picture(height, width, (y, x) => [12 * x, 17 * y, x * y])
    for (const place of ['train/a/1.png', 'train/b/1.png', 'val/a/1.png', 'val/b/1.png']) put(place, shaded)
    const { shape, train } = await open({ size, resize })
    expect(shape).toEqual({ height: size, width: size, channels: 3 })
    const one = train.images.subarray(0, 3 * size * size)
    const far = [...first, ...last].map((value, i) =>
      Math.abs(value - (one[i < first.length ? i : one.length - 2 * first.length + i] ?? Number.NaN)),
    )
    expect(Math.max(...far)).toBeLessThanOrEqual(2)
  },
)

test('some images of each class can be read alone, and only these count', async () => {
  for (const split of ['train', 'val'])
    for (const name of ['a', 'b'])
      for (const [i, value] of [10, 20, 30].entries())
        put(`${split}/${name}/${i}.png`, await picture(1, 1, () => [value, value, name === 'a' ? 0 : 1]))
  const part = { train: 4, test: 3 }
  const { train, test: others } = await open(part)
  expect([[...train.labels], [...others.labels]]).toEqual([
    [0, 1, 0, 1],
    [0, 1, 0],
  ])
  expect([...others.images]).toEqual([10, 10, 0, 10, 10, 1, 20, 20, 0])
  expect((await valueOfTask(source(part).look?.(context()) ?? expect.fail())).says).toMatch(
    /4 training and 3 test images/,
  )
  const contents = await source(part).contents?.(context())
  put('val/b/2.png', await picture(1, 1, () => [7, 7, 7]))
  expect(await source(part).contents?.(context())).toBe(contents)
  put('val/b/0.png', await picture(1, 1, () => [7, 7, 7]))
  expect(await source(part).contents?.(context())).not.toBe(contents)
})

test('options that need another are refused at once', () => {
  expect(() => source({ resize: 256 })).toThrow(/size beside resize, got none/)
  expect(() => source({ resize: 4, size: 5 })).toThrow(/resize of at least size, 5, got 4/)
  expect(() => source({ resize: 9, size: 5, fit: 'fill' })).toThrow(/fit: 'cover' beside resize, got fill/)
})
