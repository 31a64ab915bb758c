import type { Augmentation } from '../dsl/dataset.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { whole } from '../dsl/options/kinds.js'

/** What {@link randomCrop} takes. */
export const randomCropOptions = declareOptions('randomCrop', {
  /** Largest shift along an axis, in pixels, ≥ 1. @default 4 */
  padding: whole(1, { unit: 'pixels' }).default(4),
})

/** Options of {@link randomCrop}. */
export interface RandomCropOptions extends OptionsOf<typeof randomCropOptions> {}

/**
 * Shifts the image by up to `padding` pixels along each axis, every shift equally likely, and fills with zeros: the
 * same as padding each side with zeros and cutting out a random window, as `torchvision.transforms.RandomCrop` does.
 *
 * @example
 * imageFolder({ name: 'flowers', augment: [randomCrop({ padding: 4 }), horizontalFlip()] })
 * @throws OptionError for a padding that is not a whole number ≥ 1
 */
export const randomCrop = (options: RandomCropOptions = {}): Augmentation => {
  const { padding } = randomCropOptions.read(options)
  const places = 2 * padding + 1
  return {
    name: 'randomCrop',
    config: { padding },
    apply: (image, out, { height, width, channels }, dice) => {
      const down = dice.int(places) - padding
      const right = dice.int(places) - padding
      const [first, last] = [Math.max(0, right), Math.min(width, width + right)]
      out.fill(0)
      if (first >= last) return
      for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
        const from = ((y - down) * width + first - right) * channels
        const length = (last - first) * channels
        out.set(image.subarray(from, from + length), (y * width + first) * channels)
      }
    },
  }
}

/** Mirrors the image left to right with probability ½, as `torchvision.transforms.RandomHorizontalFlip` does. */
export const horizontalFlip = (): Augmentation => ({
  name: 'horizontalFlip',
  config: {},
  apply: (image, out, { height, width, channels }, dice) => {
    if (dice.int(2) === 0) {
      out.set(image)
      return
    }
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const from = (y * width + width - 1 - x) * channels
        const to = (y * width + x) * channels
        for (let c = 0; c < channels; c++) out[to + c] = image[from + c] ?? 0
      }
  },
})
