/** The step size of each row of Auto-PGD, and when it is halved. */
export interface StepSizes {
  /** Length of the next step of each row. */
  readonly lengths: () => Float32Array
  /** Largest loss of each row so far. */
  readonly best: () => Float32Array
  /**
   * Takes the losses of the next iteration. Returns 1 for each row whose loss is its largest so far, or undefined if
   * there is no such row.
   */
  readonly update: (losses: Float32Array) => Uint8Array | undefined
  /**
   * To be called at the end of each iteration. Returns 1 for each row whose step size is halved from now on, or undefined
   * if there is no such row.
   */
  readonly checkpoint: () => Uint8Array | undefined
  /** Removes all rows except these. */
  readonly keep: (rows: Int32Array) => void
}

/** ρ: the share of the steps between two checkpoints that must raise the loss. */
const UPHILL = 0.75

/** Iterations between two checkpoints: 22 % of all at first, then 3 % of all fewer each time, but at least 6 %. */
const periods = (steps: number): { readonly first: number; readonly shrink: number; readonly shortest: number } => ({
  first: Math.max(Math.trunc(0.22 * steps), 1),
  shrink: Math.max(Math.trunc(0.03 * steps), 1),
  shortest: Math.max(Math.trunc(0.06 * steps), 1),
})

/**
 * The adaptive step sizes of Auto-PGD. At a checkpoint, the step size of a row is halved if fewer than ρ of the steps
 * since the previous checkpoint raised its loss, or if it was not halved there and the best loss has not grown since.
 *
 * @param start losses at the starting point, n
 * @param length of the first step
 * @param steps iterations in total
 * @param least the loss that the first iteration must exceed to count as one that raised it. @default 0
 * Source: Croce & Hein, ICML 2020, Sec. 3.2 and Algorithm 1. The default of `least` is that of the official code.
 */
export const stepSizes = (start: Float32Array, length: number, steps: number, least = 0): StepSizes => {
  const { first, shrink, shortest } = periods(steps)
  let period = first
  let since = 0
  let lengths = new Float32Array(start.length).fill(length)
  let best = start.slice()
  let bestAtCheckpoint = start.slice()
  let halvedBefore = new Uint8Array(start.length).fill(1)
  let last = new Float32Array(start.length).fill(least)
  let uphill = new Uint32Array(start.length)

  return {
    lengths: () => lengths.slice(),
    best: () => best.slice(),
    update: (losses) => {
      const improved = new Uint8Array(losses.length)
      for (const [row, loss] of losses.entries()) {
        if (loss > (last[row] ?? 0)) uphill[row] = (uphill[row] ?? 0) + 1
        if (loss > (best[row] ?? 0)) {
          best[row] = loss
          improved[row] = 1
        }
      }
      last = Float32Array.from(losses)
      return ifAny(improved)
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
      period = Math.max(period - shrink, shortest)
      return ifAny(halved)
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

const ifAny = (rows: Uint8Array): Uint8Array | undefined => (rows.includes(1) ? rows : undefined)
