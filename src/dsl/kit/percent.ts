/** A share as a person reads it: 0.6237 as `62.4 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
