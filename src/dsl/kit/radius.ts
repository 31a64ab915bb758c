/**
 * Radii and step sizes, in units of images in [0, 1]. Papers on photographs state them as whole steps of 8-bit pixels,
 * such as 8/255: so they are read and shown, wherever a name says that a number is one. JSON keeps the number.
 */

const names: ReadonlySet<string> = new Set(['epsilon', 'epsilons', 'radius', 'stepSize', 'ε'])

const decimal = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`
const quotient = new RegExp(`^(${decimal})(?:\\s*/\\s*(${decimal}))?$`, 'i')

/** A number or a quotient of two as text: `0.03`, `8/255`. Undefined for other texts, and for a division by 0. */
export const readQuotient = (text: string): number | undefined => {
  const [, above, below] = quotient.exec(text.trim()) ?? []
  if (above === undefined) return undefined
  const value = below === undefined ? Number(above) : Number(above) / Number(below)
  return Number.isFinite(value) ? value : undefined
}

/** How far a number may be from whole steps of 1/255, in steps: the rounding of a few operations in float64. */
const ROUNDING = 1e-9
/** Characters of a decimal number that is not longer than a fraction: 0.3 stays 0.3, although it is 76.5/255. */
const SHORT = 6

/**
 * A radius in whole steps of 1/255 as `8/255`; another one, or one with few digits, as a number.
 *
 * @param format of numbers. @default all digits
 */
export const drawnRadius = (value: number, format: (value: number) => string = String): string => {
  const steps = Math.round(255 * value)
  const isShort = String(value).length <= SHORT
  return !isShort && steps !== 0 && Math.abs(255 * value - steps) < ROUNDING ? `${steps}/255` : format(value)
}

/** Whether a name is that of a radius or a step size. */
const isRadius = (name: string): boolean => names.has(name)

/** A named value as text; one whose name says that it is a radius or a step size as {@link drawnRadius} does. */
export const drawnNamed = (name: string, value: unknown, format: (value: number) => string = String): string => {
  if (typeof value !== 'number') return String(value)
  return isRadius(name) ? drawnRadius(value, format) : format(value)
}

/** What was probably meant by a radius over 1: pixels of 0 to 255. Undefined if there is no guess. */
export const pixelsMeant = (value: unknown): string | undefined =>
  typeof value === 'number' && value > 1 && value < 256 ? `did you mean ${value}/255?` : undefined

/** The same for a parameter: undefined unless its name says that it is a radius. */
export const pixelsMeantBy = (name: string, text: unknown): string | undefined =>
  isRadius(name) ? pixelsMeant(typeof text === 'string' ? readQuotient(text) : text) : undefined
