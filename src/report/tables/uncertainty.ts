import { formatCount } from './format.js'

/** The normal distribution has 95 % of its mass within so many standard deviations. */
const DEVIATIONS = 1.96

/**
 * How far the accuracy on all images may lie from one that was measured on a few, with 95 % confidence: half the width of
 * the interval of Wilson (1927), which is widest for an accuracy of one half. In [0, 0.5].
 *
 * @param examples how many images were measured, ≥ 1
 */
export const widestError = (examples: number): number => DEVIATIONS / (2 * Math.sqrt(examples + DEVIATIONS ** 2))

/** Figures on so many images are shown without it. */
const MANY = 1000

/** How uncertain accuracies on a few images are, as a sentence; undefined on many images. */
export const uncertaintyOn = (examples: number): string | undefined => {
  if (examples >= MANY) return undefined
  const points = (100 * widestError(examples)).toFixed(1)
  return `on ${formatCount(examples)} images an accuracy is known to ±${points} points or better (95 % interval)`
}
