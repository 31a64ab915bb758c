import { formatCount } from '../report/format.js'

/** `1 point`, `42 points`. */
export const pointCount = (count: number): string => `${formatCount(count)} point${count === 1 ? '' : 's'}`
