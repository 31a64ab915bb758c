import { type Bounds, isWithin } from '../../dsl/kit/bounds.js'
import type { Normalisation } from './layer.js'

/** What a mean of a channel can be: images are in [0, 1]. */
export const meanBounds = { least: 0, most: 1 } as const satisfies Bounds

/**
 * What a standard deviation of a channel can be: at most the width of [0, 1], and at least about the step of an image
 * of bytes, 1/255, by which a network divides that wants pixels of 0 to 255.
 */
export const stdBounds = { least: 0.0039, most: 1 } as const satisfies Bounds

/** What was probably meant by a mean or a standard deviation that is out of bounds; undefined if there is no guess. */
export const unitsMeant = (value: unknown): string | undefined => {
  if (typeof value !== 'number' || !(value > 0)) return undefined
  if (value > 1 && value <= 255)
    return `images are in [0, 1]: did you mean ${value}/255 = ${Number((value / 255).toPrecision(4))}?`
  if (value < stdBounds.least)
    return `images are in [0, 1]: was it divided by 255 twice? 255 times that is ${Number((255 * value).toPrecision(4))}`
  return undefined
}

/** The numbers of a normalisation that are out of bounds, in words; undefined if they can be meant. */
export const wrongUnits = ({ mean, std }: Normalisation): string | undefined => {
  const [value] = [
    ...mean.filter((one) => !isWithin(one, meanBounds)),
    ...std.filter((one) => !isWithin(one, stdBounds)),
  ]
  if (value === undefined) return undefined
  const meant = unitsMeant(value)
  return meant === undefined ? String(value) : `${value}; ${meant}`
}

/** Whether numbers of arithmetic are those of a network for images of pixels from 0 to 255. */
export const isOfPixels = ({ mean, std }: Normalisation): boolean =>
  mean.some((one) => one > 2) || std.some((one) => one > 10)
