import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Augmentation, ImageShape } from '../../src/dsl/dataset.js'
import { horizontalFlip, randomCrop } from '../../src/math/augmentations.js'
import { stream } from '../../src/math/random.js'

const shapes = fc.record({
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 4 }),
})

const pictureOf = ({ height, width, channels }: ImageShape): Uint8Array =>
  Uint8Array.from({ length: height * width * channels }, (_, i) => 1 + ((i * 37) % 255))

const applied = (augmentation: Augmentation, image: Uint8Array, shape: ImageShape, seed: number): Uint8Array => {
  const out = new Uint8Array(image.length).fill(77)
  augmentation.apply(image, out, shape, stream(seed, 'test'))
  return out
}

/** A pixel, or 0 outside the image. */
const at = (image: Uint8Array, { height, width, channels }: ImageShape, y: number, x: number, c: number): number =>
  y < 0 || x < 0 || y >= height || x >= width ? 0 : (image[(y * width + x) * channels + c] ?? Number.NaN)

const drawn = (shape: ImageShape, pixel: (y: number, x: number, c: number) => number): Uint8Array => {
  const { height, width, channels } = shape
  return Uint8Array.from({ length: height * width * channels }, (_, i) =>
    pixel(Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels),
  )
}

describe('randomCrop', () => {
  it('is the window of the padded image that the dice choose, pixel by pixel', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 12 }), fc.nat(10_000), (shape, padding, seed) => {
        const image = pictureOf(shape)
        const before = image.slice()
        const dice = stream(seed, 'test')
        const [down, right] = [dice.int(2 * padding + 1) - padding, dice.int(2 * padding + 1) - padding]
        const plain = drawn(shape, (y, x, c) => at(image, shape, y - down, x - right, c))
        expect(applied(randomCrop({ padding }), image, shape, seed)).toEqual(plain)
        expect(image).toEqual(before)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('chooses every shift about equally often', () => {
    const shape = { height: 5, width: 5, channels: 1 }
    const image = new Uint8Array(25)
    image[12] = 1
    const seen = new Map<number, number>()
    for (let seed = 0; seed < 2500; seed++) {
      const place = applied(randomCrop({ padding: 2 }), image, shape, seed).indexOf(1)
      seen.set(place, (seen.get(place) ?? 0) + 1)
    }
    expect(seen.size).toBe(25)
    // 100 expected; four standard deviations.
    for (const count of seen.values()) expect(Math.abs(count - 100)).toBeLessThan(40)
  })

  it('requires a whole number of pixels', () => {
    expect(() => randomCrop({ padding: 0 })).toThrow(/padding/)
    expect(() => randomCrop({ padding: 1.5 })).toThrow(/padding/)
  })
})

describe('horizontalFlip', () => {
  it('is the image or its mirror image, at random', () => {
    const faces = new Set<number>()
    fc.assert(
      fc.property(shapes, fc.nat(10_000), (shape, seed) => {
        const image = pictureOf(shape)
        const side = stream(seed, 'test').int(2)
        faces.add(side)
        const plain = drawn(shape, (y, x, c) => at(image, shape, y, side === 0 ? x : shape.width - 1 - x, c))
        expect(applied(horizontalFlip(), image, shape, seed)).toEqual(plain)
      }),
      { seed: 2, numRuns: 300 },
    )
    expect(faces).toEqual(new Set([0, 1]))
  })

  it('twice is the identity', () => {
    const shape = { height: 3, width: 4, channels: 3 }
    const [image, once, twice] = [pictureOf(shape), new Uint8Array(36), new Uint8Array(36)]
    const always = { int: () => 1 }
    horizontalFlip().apply(image, once, shape, always)
    horizontalFlip().apply(once, twice, shape, always)
    expect(once).not.toEqual(image)
    expect(twice).toEqual(image)
  })
})
