import type { ResizeMode } from '../layers/resizing.js'

/**
 * The weights of an axis that is resized: a row for each new pixel, with a number for each old one.
 *
 * @param from pixels before
 * @param to pixels after
 * Source: torch.nn.functional.interpolate; pixel i of a bilinear image is at (i + ½)·from/to − ½, or, with its corners kept,
 * at i·(from − 1)/(to − 1).
 */
export const resizeWeights = (mode: ResizeMode, from: number, to: number): readonly (readonly number[])[] =>
  Array.from({ length: to }, (_, i) => {
    const place = placeOf[mode](i, from, to)
    const low = Math.floor(place)
    const high = Math.min(low + 1, from - 1)
    const share = place - low
    return Array.from({ length: from }, (_, j) => (j === low ? 1 - share : 0) + (j === high ? share : 0))
  })

/** Where in the old axis a new pixel is. */
const placeOf: Readonly<Record<ResizeMode, (i: number, from: number, to: number) => number>> = {
  nearest: (i, from, to) => Math.min(Math.floor((i * from) / to), from - 1),
  bilinear: (i, from, to) => Math.min(Math.max(0, ((i + 0.5) * from) / to - 0.5), from - 1),
  bilinearCorners: (i, from, to) => (to === 1 ? 0 : (i * (from - 1)) / (to - 1)),
}
