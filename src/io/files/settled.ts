/** Milliseconds. A file system's clock ticks every few milliseconds, on some systems every two seconds. */
const SETTLED = 2000

/**
 * Whether a file was last written long enough ago that its date identifies its contents. A younger file may change
 * again and keep its date.
 *
 * @param modified milliseconds since 1970
 */
export const isSettled = (modified: number): boolean => Date.now() - modified > SETTLED
