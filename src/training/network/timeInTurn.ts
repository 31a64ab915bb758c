/** When to stop: after this many rounds, or after the first round that ends later than this many seconds. */
export interface TimeLimits {
  readonly rounds: number
  readonly seconds: number
}

/**
 * Times several pieces of work, in seconds by round. Each round does all of them, so that a machine that is slow for a while
 * slows all of them. Each is done once before, without timing.
 *
 * @param now in milliseconds
 */
export const timeInTurn = (
  works: readonly (() => void)[],
  { rounds, seconds }: TimeLimits,
  now: () => number = () => performance.now(),
): readonly (readonly number[])[] => {
  for (const work of works) work()
  const found = works.map((): number[] => [])
  const begun = now()
  for (let round = 0; round < rounds && (round === 0 || now() - begun < 1000 * seconds); round++)
    for (const [i, work] of works.entries()) {
      const from = now()
      work()
      found[i]?.push((now() - from) / 1000)
    }
  return found
}
