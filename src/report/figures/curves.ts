/** Part of the curves over the training steps. */
export interface CurvePoints {
  /** Number of steps that one point covers. */
  readonly width: number
  /** Index of the first of these points. Point i covers the steps from i·width + 1 to (i + 1)·width. */
  readonly from: number
  /** For each figure, the mean over each point's steps; null if none of the steps has that figure. */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>
}

/** The middle of the steps that a point covers. @param i index within these points */
export const middleStep = ({ width, from }: Pick<CurvePoints, 'width' | 'from'>, i: number): number =>
  (from + i) * width + (width + 1) / 2

/** The curves of `metric`, by name. */
export const ownMetrics = ({ columns }: Pick<CurvePoints, 'columns'>): readonly string[] =>
  Object.keys(columns).filter((name) => name.startsWith('metric '))

/** Curves of a run of any length in bounded memory: of the first 256 figures that are named. */
export interface Curves {
  /** Adds the figures of a step. @param step from 1 */
  readonly add: (step: number, values: readonly (readonly [name: string, value: number])[]) => void
  readonly all: () => CurvePoints
  /** The points that changed since the last call, from the first changed one to the end; undefined if none changed. */
  readonly changes: () => CurvePoints | undefined
}

/** Largest number of points: more than a screen shows side by side. */
const MOST = 1024
/** Largest number of figures: more than any run has terms. A file of someone else may name a million. */
const MOST_COLUMNS = 256

interface Column {
  readonly sums: Float64Array
  readonly counts: Float64Array
}

/** Empty curves. They start with one point per step; if there are too many, neighbours are merged in pairs. */
export const makeCurves = (): Curves => {
  const columns = new Map<string, Column>()
  let width = 1
  let length = 0
  let changed = Number.POSITIVE_INFINITY

  const halve = (): void => {
    width *= 2
    length = Math.ceil(length / 2)
    for (const { sums, counts } of columns.values()) {
      for (const values of [sums, counts]) {
        for (let i = 0; i < MOST / 2; i++) values[i] = (values[2 * i] ?? 0) + (values[2 * i + 1] ?? 0)
        values.fill(0, MOST / 2)
      }
    }
    changed = 0
  }
  const columnOf = (name: string): Column | undefined => {
    const known = columns.get(name)
    if (known || columns.size >= MOST_COLUMNS) return known
    const column = { sums: new Float64Array(MOST), counts: new Float64Array(MOST) }
    columns.set(name, column)
    return column
  }
  const points = (from: number): CurvePoints => ({
    width,
    from,
    columns: Object.fromEntries(
      [...columns].map(([name, { sums, counts }]) => [
        name,
        Array.from({ length: length - from }, (_, i) => meanOf(sums[from + i] ?? 0, counts[from + i] ?? 0)),
      ]),
    ),
  })
  return {
    add: (step, values) => {
      while (step > MOST * width) halve()
      const place = Math.floor((step - 1) / width)
      length = Math.max(length, place + 1)
      changed = Math.min(changed, place)
      for (const [name, value] of values) {
        const column = columnOf(name)
        if (column === undefined) continue
        const { sums, counts } = column
        sums[place] = (sums[place] ?? 0) + value
        counts[place] = (counts[place] ?? 0) + 1
      }
    },
    all: () => points(0),
    changes: () => {
      if (changed >= length) return undefined
      const from = changed
      changed = Number.POSITIVE_INFINITY
      return points(from)
    },
  }
}

/** Rounded to six digits, more than a curve shows. */
const meanOf = (sum: number, count: number): number | null =>
  count === 0 ? null : Number((sum / count).toPrecision(6))
