/** A number of pixels along both axes of an image, or one for each: `[height, width]`, as in PyTorch. */
export type Extent = number | readonly [height: number, width: number]

/** Two numbers: along the height and along the width. */
export type Pair = readonly [height: number, width: number]

/** The numbers along the height and along the width. */
export const pairOf = (extent: Extent): Pair => (typeof extent === 'number' ? [extent, extent] : extent)

/** The shortest way to write two numbers of pixels. */
export const extentOf = (pair: Extent): Extent => {
  const [height, width] = pairOf(pair)
  return height === width ? height : [height, width]
}

/** Whether both numbers are this one. */
export const isEach = (extent: Extent, value: number): boolean => pairOf(extent).every((each) => each === value)
