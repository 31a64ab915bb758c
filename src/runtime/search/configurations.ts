import { labelOf, type PointParams } from '../records/sweepFiles.js'

/** The runs that differ only in their seed, in the order of the first run of each point. */
export const configurationsOf = <A>(
  runs: readonly A[],
  paramsOf: (run: A) => PointParams,
): readonly (readonly A[])[] => {
  const groups = new Map<string, A[]>()
  for (const run of runs) {
    const name = labelOf(withoutSeed(paramsOf(run)))
    groups.set(name, [...(groups.get(name) ?? []), run])
  }
  return [...groups.values()]
}

/** The parameters of a point without the seed of one of its runs. */
export const withoutSeed = ({ seed: _, ...others }: PointParams): PointParams => others
