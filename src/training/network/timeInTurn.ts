/** When to stop: after so many rounds, or after the first that ends behind so many seconds. */
export interface TimeLimits {
  readonly rounds: number
  readonly seconds: number
}

/**
 * Seconds of each of several pieces of work, by round: they are done in turn, so that what slows the machine for a while
 * meets all of them. Each is done once before, unmeasured.
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
