/** How long the steps of each row of an Auto-PGD are, and when they are halved. */
export interface StepSizes {
  /** Length of the next step, row by row. */
  readonly lengths: () => Float32Array
  /** Largest loss so far, row by row. */
  readonly best: () => Float32Array
  /** Takes the losses of an iteration, in order; 1 for each row whose loss is the largest so far, undefined for none. */
  readonly see: (losses: Float32Array) => Uint8Array | undefined
  /** At the end of an iteration: 1 for each row whose steps are halved from now on, undefined for none. */
  readonly checkpoint: () => Uint8Array | undefined
  /** Leaves all rows out but these. */
  readonly keep: (rows: Int32Array) => void
}

/** The share of steps that must go uphill between two checkpoints: ρ. */
const UPHILL = 0.75

/** Iterations between two checkpoints: 22 % of all at first, 3 % fewer each time, at least 6 %. */
const periods = (steps: number): { readonly first: number; readonly shrink: number; readonly least: number } => ({
  first: Math.max(Math.trunc(0.22 * steps), 1),
  shrink: Math.max(Math.trunc(0.03 * steps), 1),
  least: Math.max(Math.trunc(0.06 * steps), 1),
})

/**
 * The adaptive steps of Auto-PGD: at a checkpoint a row's step is halved where fewer than ρ of the steps since the
 * last one raised its loss, or where it was not halved then and its best loss has not grown since.
 *
 * @param start losses at the starting point
 * @param length of the first step
 * Source: Croce & Hein, ICML 2020, Sec. 3.2 and Algorithm 1; as the official code, which counts the first iteration as
 * uphill where its loss is positive.
 */
export const stepSizes = (start: Float32Array, length: number, steps: number): StepSizes => {
  const { first, shrink, least } = periods(steps)
  let period = first
  let since = 0
  let lengths = new Float32Array(start.length).fill(length)
  let best = start.slice()
  let bestAtCheckpoint = start.slice()
  let halvedBefore = new Uint8Array(start.length).fill(1)
  let last = new Float32Array(start.length)
  let uphill = new Uint32Array(start.length)

  return {
    lengths: () => lengths.slice(),
    best: () => best.slice(),
    see: (losses) => {
      const improved = new Uint8Array(losses.length)
      for (const [row, loss] of losses.entries()) {
        if (loss > (last[row] ?? 0)) uphill[row] = (uphill[row] ?? 0) + 1
        if (loss > (best[row] ?? 0)) {
          best[row] = loss
          improved[row] = 1
        }
      }
      last = Float32Array.from(losses)
      return someOf(improved)
    },
    checkpoint: () => {
      since += 1
      if (since < period) return undefined
      const halved = Uint8Array.from(lengths, (_, row) => {
        const oscillates = (uphill[row] ?? 0) <= period * UPHILL
        const stagnates = halvedBefore[row] === 0 && (bestAtCheckpoint[row] ?? 0) >= (best[row] ?? 0)
        return oscillates || stagnates ? 1 : 0
      })
      lengths = lengths.map((size, row) => (halved[row] === 1 ? size / 2 : size))
      halvedBefore = halved
      bestAtCheckpoint = best.slice()
      uphill = new Uint32Array(lengths.length)
      since = 0
      period = Math.max(period - shrink, least)
      return someOf(halved)
    },
    keep: (rows) => {
      const kept = <A extends Float32Array | Uint8Array | Uint32Array>(all: A): A =>
        rows.reduce((few, from, to) => {
          few[to] = all[from] ?? 0
          return few
        }, all.slice(0, rows.length) as A)
      lengths = kept(lengths)
      best = kept(best)
      bestAtCheckpoint = kept(bestAtCheckpoint)
      halvedBefore = kept(halvedBefore)
      last = kept(last)
      uphill = kept(uphill)
    },
  }
}

const someOf = (rows: Uint8Array): Uint8Array | undefined => (rows.includes(1) ? rows : undefined)
