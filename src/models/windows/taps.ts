import { type Extent, isEach, type Pair, pairOf } from '../../dsl/kit/extent.js'

/** The filter that an engine's convolution reads, whose taps are neighbours. */
interface Taps {
  /** Its sides. */
  readonly sides: Pair
  /** One row for each of its taps, with a 1 at the tap of the layer's filter that it has; undefined for the same taps. */
  readonly matrix: readonly (readonly number[])[] | undefined
}

/** The filter of a convolution with zeros between its taps, as far apart as the layer's dilation says. */
export const tapsOf = ({
  kernel,
  dilation = 1,
}: {
  readonly kernel: Extent
  readonly dilation?: Extent | undefined
}): Taps => {
  const [height, width] = pairOf(kernel)
  if (isEach(dilation, 1)) return { sides: [height, width], matrix: undefined }
  const [down, across] = pairOf(dilation)
  const [rows, columns] = [spread(height, down), spread(width, across)]
  return {
    sides: [rows.length, columns.length],
    matrix: rows.flatMap((row) =>
      columns.map((column) =>
        Array.from({ length: height * width }, (_, tap) => (tap === row * width + column ? 1 : 0)),
      ),
    ),
  }
}

/** The index of a tap at each place along an axis; NaN between taps. */
const spread = (size: number, distance: number): readonly number[] =>
  Array.from({ length: distance * (size - 1) + 1 }, (_, place) =>
    place % distance === 0 ? place / distance : Number.NaN,
  )
