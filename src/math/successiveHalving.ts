/** A point that trains up to a rung. Points count from 0 in the order in which they were drawn. */
export interface HalvingTask {
  readonly point: number
  /** From 0; the last one is the end of the training. */
  readonly rung: number
}

/** Which points a search stops early: those with the smallest losses at a rung go on to the next. */
export interface Halving {
  /** What to run next; undefined if there is nothing, or nothing until another result is reported. */
  readonly next: () => HalvingTask | undefined
  /** Reports the loss of a task, or undefined if the point failed: it then counts as the worst. */
  readonly report: (task: HalvingTask, loss: number | undefined) => void
  /** The losses at a rung, by point, in the order in which they were reported. */
  readonly losses: (rung: number) => ReadonlyMap<number, number | undefined>
  /** Whether a point has gone on from this rung to the next. */
  readonly wentOn: (task: HalvingTask) => boolean
  /** Whether no later result can change which points of this rung go on. */
  readonly isClosed: (rung: number) => boolean
}

/** The size of a search. */
export interface HalvingSize {
  readonly points: number
  /** Of the points at a rung 1 in so many goes on, ≥ 1. */
  readonly factor: number
  /** Rungs before the end of the training, ≥ 0. */
  readonly rungs: number
}

/**
 * The points with the smallest losses, at most so many: equal losses in the order of the points. Failed points are never
 * among them.
 */
export const bestOf = (losses: ReadonlyMap<number, number | undefined>, count: number): readonly number[] =>
  [...losses]
    .flatMap(([point, loss]) => (loss === undefined ? [] : [{ point, loss }]))
    .sort((a, b) => a.loss - b.loss || a.point - b.point)
    .slice(0, Math.floor(count))
    .map(({ point }) => point)

const emptyRungs = (rungs: number): Map<number, number | undefined>[] =>
  Array.from({ length: rungs + 1 }, () => new Map())

/**
 * Successive halving: when all n points have reached a rung, the best ⌊n / factor⌋ go on to the next. The result does not
 * depend on the order in which tasks end.
 *
 * Source: Jamieson, Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016;
 * algorithm 1 of Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020, arXiv 1810.05934.
 */
export const synchronousHalving = ({ points, factor, rungs }: HalvingSize): Halving => {
  const losses = emptyRungs(rungs)
  const members: (readonly number[])[] = [Array.from({ length: points }, (_, point) => point)]
  let given = 0
  const isClosed = (rung: number): boolean => {
    const all = members[rung]
    return all !== undefined && losses[rung]?.size === all.length
  }
  return {
    next: () => {
      const rung = members.length - 1
      const point = members[rung]?.[given]
      if (point === undefined) return undefined
      given += 1
      return { point, rung }
    },
    report: ({ point, rung }, loss) => {
      const here = losses[rung]?.set(point, loss)
      if (!here || rung === rungs || !isClosed(rung)) return
      members.push(bestOf(here, points / factor ** (rung + 1)))
      given = 0
    },
    losses: (rung) => losses[rung] ?? new Map(),
    wentOn: ({ point, rung }) => members[rung + 1]?.includes(point) ?? false,
    isClosed,
  }
}

/**
 * Asynchronous successive halving: whenever something can be run, a point goes on that is among the best 1 / factor of
 * those that have reached its rung so far, from the highest rung down; else a new point begins. No point waits for others,
 * and which points go on depends on the order in which tasks end.
 *
 * Source: algorithm 2 (ASHA) of Li et al., MLSys 2020, arXiv 1810.05934.
 */
export const asynchronousHalving = ({ points, factor, rungs }: HalvingSize): Halving => {
  const losses = emptyRungs(rungs)
  const promoted = losses.map(() => new Set<number>())
  let begun = 0
  return {
    next: () => {
      for (let rung = rungs - 1; rung >= 0; rung--) {
        const here = losses[rung] ?? new Map()
        const point = bestOf(here, here.size / factor).find((one) => promoted[rung]?.has(one) === false)
        if (point === undefined) continue
        promoted[rung]?.add(point)
        return { point, rung: rung + 1 }
      }
      return begun < points ? { point: begun++, rung: 0 } : undefined
    },
    report: ({ point, rung }, loss) => void losses[rung]?.set(point, loss),
    losses: (rung) => losses[rung] ?? new Map(),
    wentOn: ({ point, rung }) => promoted[rung]?.has(point) ?? false,
    isClosed: (rung) => rung === rungs,
  }
}
