/** Iterations after which the square's share of the image is halved; Square's, for 10,000 queries and fewer alike. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]

/** Share of the image's pixels that the square of an iteration covers. @param iteration from 0 */
export const shareAt = (initialShare: number, iteration: number): number =>
  initialShare / 2 ** HALVINGS.filter((last) => iteration > last).length
