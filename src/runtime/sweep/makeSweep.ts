import { checkRunOptions } from '../../dsl/pipeline/run.js'
import type { Study } from '../../report/study/study.js'
import type { SearchPlan } from '../search/searchTypes.js'
import { pointInProcess } from './pointInProcess.js'
import { startSweep } from './startSweep.js'
import type { Sweep, SweepPoint } from './sweepTypes.js'

/** What a sweep is made of. */
export interface SweepPlan {
  readonly name: string
  /** The lists of the grid: a parameter that is one of them is not part of a point's key. */
  readonly axes: readonly unknown[]
  /** Names of other parameters that are not part of a point's key. */
  readonly lists?: readonly string[]
  readonly points: readonly SweepPoint[]
  /** The point that joins the results of all others, if any. */
  readonly whole: SweepPoint | undefined
  readonly study: Study | undefined
  /** How a search goes on. */
  readonly search?: SearchPlan
  readonly params: Readonly<Record<string, unknown>>
}

/** Makes a sweep of these points. */
export const makeSweep = (plan: SweepPlan): Sweep => {
  const { name, axes, lists = [], points, whole, study, search, params } = plan
  const self: Sweep = {
    kind: 'sweep',
    name,
    params,
    study,
    search,
    points: whole ? [...points, { ...whole, parts: points }] : points,
    withParams: (others) => {
      const isAxis = ([key, value]: [string, unknown]): boolean => axes.includes(value) || lists.includes(key)
      const kept = Object.fromEntries(Object.entries(others).filter((entry) => !isAxis(entry)))
      const known = (point: SweepPoint): SweepPoint => ({
        ...point,
        pipeline: point.pipeline.withParams({ ...kept, ...point.params }),
      })
      return makeSweep({ ...plan, points: points.map(known), whole: whole && known(whole), params: others })
    },
    run: (options = {}) =>
      startSweep(self, checkRunOptions(options), { workers: 1, attempts: 1, runPoint: pointInProcess }),
  }
  return self
}
