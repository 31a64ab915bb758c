/** Bounds of a number: `least` and `most` are allowed themselves, `above` and `below` are not. */
export interface Bounds {
  readonly least?: number | undefined
  readonly most?: number | undefined
  readonly above?: number | undefined
  readonly below?: number | undefined
}

/** Whether a number is finite and within bounds. */
export const isWithin = (value: number, { least, most, above, below }: Bounds): boolean =>
  Number.isFinite(value) &&
  value >= (least ?? -Infinity) &&
  value <= (most ?? Infinity) &&
  value > (above ?? -Infinity) &&
  value < (below ?? Infinity)

/** A kind of number with its inclusive bounds, in words: `a whole number from 1 to 100`, `a number >= 1`. */
export const ranged = (kind: string, { least, most }: Pick<Bounds, 'least' | 'most'>): string => {
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`
  if (least !== undefined) return `${kind} >= ${least}`
  return most === undefined ? kind : `${kind} <= ${most}`
}
