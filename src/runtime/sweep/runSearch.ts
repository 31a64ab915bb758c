import {
  asynchronousHalving,
  type Halving,
  type HalvingTask,
  synchronousHalving,
} from '../../math/successiveHalving.js'
import { sum } from '../../math/sums.js'
import { pointFolder } from '../folder/folderNames.js'
import type { PointState } from '../records/sweepFiles.js'
import { configurationsOf } from '../search/configurations.js'
import { openSearchLog, type SearchLog } from '../search/searchLog.js'
import type { SearchPlan, Standing } from '../search/searchTypes.js'
import { type Reached, reachedIn, type Target } from '../search/target.js'
import { whyOutOfTime, whyStopped } from '../search/whyStopped.js'
import { type ActiveSweep, runOne, type TrackedPoint, type Update } from './runOne.js'

/** A search that is under way. */
interface ActiveSearch {
  readonly active: ActiveSweep
  readonly update: Update
  readonly plan: SearchPlan
  /** The runs of each point, one for each seed. */
  readonly groups: readonly (readonly TrackedPoint[])[]
  readonly halving: Halving
  readonly log: SearchLog | undefined
}

/**
 * Runs the points of a search: each up to its next rung, and the best ones further, from their checkpoints. What earlier
 * parts of the search have reached is read from the folders.
 *
 * @throws OptionError if finished points have no such metric; FileError for damaged files; WriteError
 */
export const runSearch = async (
  active: ActiveSweep,
  all: readonly TrackedPoint[],
  update: Update,
  plan: SearchPlan,
): Promise<void> => {
  const groups = configurationsOf(all, ({ record }) => record.params)
  const log = plan.halving?.order === 'asynchronous' || plan.hours !== undefined ? logOf(active, all, plan) : undefined
  const found: ActiveSearch = { active, update, plan, groups, halving: halvingOf(plan, groups.length), log }
  const budget = new AbortController()
  const timer =
    log && plan.hours !== undefined
      ? setTimeout(() => expire(active, budget), Math.max(0, 1000 * (3600 * plan.hours - log.seconds())))
      : undefined
  try {
    await runTasks(found, budget.signal)
  } catch (thrown) {
    active.controller.abort()
    throw thrown
  } finally {
    clearTimeout(timer)
    log?.close()
  }
  if (active.controller.signal.aborted) return
  stopLosers(found, budget.signal.aborted ? 'closed' : 'all')
  if (budget.signal.aborted) stopUnfinished(found)
}

const expire = ({ stops }: ActiveSweep, budget: AbortController): void => {
  budget.abort()
  for (const stop of stops) stop()
}

const halvingOf = ({ halving }: SearchPlan, points: number): Halving => {
  const { factor = 1, rungs = 0 } = halving ?? {}
  const size = { points, factor, rungs }
  return halving?.order === 'asynchronous' ? asynchronousHalving(size) : synchronousHalving(size)
}

const logOf = ({ folder }: ActiveSweep, all: readonly TrackedPoint[], { hours: _, ...plan }: SearchPlan): SearchLog =>
  openSearchLog(folder, JSON.stringify({ ...plan, keys: all.map(({ record }) => record.key) }))

type Job = () => Promise<void>

/** Gives each free worker the next run, until there is none. */
const runTasks = async (search: ActiveSearch, expired: AbortSignal): Promise<void> => {
  const { active, halving, log } = search
  const isOver = (): boolean => active.controller.signal.aborted || expired.aborted
  const waiting: Job[] = []
  let running = 0
  let wake = (): void => undefined
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      const before = wake
      wake = () => {
        before()
        resolve()
      }
    })
  const take = (): Job | undefined => {
    if (waiting.length === 0) {
      const task = halving.next()
      if (!task) return undefined
      log?.add('begun', task)
      waiting.push(...jobsOf(search, task, () => log?.add('ended', task)))
    }
    return waiting.shift()
  }
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      const job = take()
      if (!job && running === 0) return
      if (!job) {
        await changed()
        continue
      }
      running += 1
      try {
        await job()
      } finally {
        running -= 1
        const notify = wake
        wake = () => undefined
        notify()
      }
    }
  }
  if (search.plan.halving?.order === 'asynchronous') waiting.push(...(await replay(search, isOver)))
  await Promise.all(Array.from({ length: active.execution.workers }, worker))
}

/**
 * Takes the decisions of earlier parts of the search again, in their order. Returns the runs that were under way.
 */
const replay = async (search: ActiveSearch, isOver: () => boolean): Promise<readonly Job[]> => {
  const { halving, log } = search
  const open = new Map<string, HalvingTask>()
  const nameOf = ({ point, rung }: HalvingTask): string => `${point} ${rung}`
  let count = 0
  for (const entry of log?.earlier ?? []) {
    if (isOver()) return []
    if (entry.type === 'begun') {
      const task = halving.next()
      if (task) open.set(nameOf(task), task)
      // A point that had failed is run again, and may do better: from here on the search decides anew.
      if (!task || nameOf(task) !== nameOf(entry)) break
    } else {
      const task = open.get(nameOf(entry))
      if (!task) break
      open.delete(nameOf(entry))
      for (const job of jobsOf(search, task, () => undefined)) await job()
    }
    count += 1
  }
  if (log && !isOver()) {
    log.cut(count)
    const begun = new Set(log.earlier.slice(0, count).map(nameOf))
    for (const task of open.values()) if (!begun.has(nameOf(task))) log.add('begun', task)
  }
  return [...open.values()].flatMap((task) => jobsOf(search, task, () => log?.add('ended', task)))
}

/** The runs of a task, one for each seed. The last one that ends reports the mean. */
const jobsOf = (search: ActiveSearch, task: HalvingTask, ended: () => void): readonly Job[] => {
  const group = search.groups[task.point] ?? []
  const values = new Map<TrackedPoint, Outcome>()
  return group.map((tracked) => async () => {
    values.set(tracked, await reach(search, tracked, task))
    if (values.size < group.length) return
    const all = group.map((one) => values.get(one))
    if (all.includes('interrupted')) return
    search.halving.report(task, lossOf(search.plan, all))
    ended()
    stopLosers(search, 'closed')
  })
}

/** A metric; `failed`; or `interrupted` before the rung. */
type Outcome = number | 'failed' | 'interrupted'

/** The mean with the sign of a loss: smaller is better. Undefined if a seed has failed. */
const lossOf = ({ goal }: SearchPlan, all: readonly (Outcome | undefined)[]): number | undefined => {
  const values = all.filter((value) => typeof value === 'number')
  if (values.length < all.length) return undefined
  return ((goal === 'lowest' ? 1 : -1) * sum(values)) / values.length
}

/** Runs a point up to a rung, unless it was there before. */
const reach = async (search: ActiveSearch, tracked: TrackedPoint, task: HalvingTask): Promise<Outcome> => {
  const { active, update, plan } = search
  const target = targetOf(plan, task.rung)
  const { key } = tracked.record
  const is = (state: PointState): boolean => tracked.record.state === state
  const stand = (reached: Reached | undefined): Outcome => {
    const { step = 0, value } = reached ?? {}
    update(tracked, { standing: { rung: task.rung + 1, step, ...(value === undefined ? {} : { value }) } })
    return value ?? 0
  }
  if (is('failed')) return 'failed'
  if (target && (is('done') || target.divisor > 1)) {
    const known = await reachedIn(pointFolder(active.folder, key), target)
    if (known) return stand(known)
  }
  // Its folder is elsewhere, and its run ended before this rung.
  if (is('done')) return target ? (tracked.record.standing?.value ?? 'failed') : stand(undefined)
  const reached = await runOne(active, tracked, update, target)
  if (reached) return stand(reached)
  if (is('failed')) return 'failed'
  return is('done') ? stand(undefined) : 'interrupted'
}

/** Up to where a point runs; undefined if points are not ranked: then to the end. */
const targetOf = ({ metric, over, halving }: SearchPlan, rung: number): Target | undefined => {
  if (metric === undefined) return undefined
  const { factor, rungs } = halving ?? { factor: 1, rungs: 0 }
  return { rung, divisor: factor ** (rungs - rung), metric, over }
}

/** Records why points do not go on: those of closed rungs, or at the end of the search all that are left. */
const stopLosers = ({ groups, halving, plan, update }: ActiveSearch, which: 'closed' | 'all'): void => {
  const rungs = plan.halving?.rungs ?? 0
  for (const [point, group] of groups.entries())
    for (let rung = 0; rung < rungs; rung++) {
      const task = { point, rung }
      if (!halving.losses(rung).has(point) || halving.wentOn(task)) continue
      if (which === 'closed' && !halving.isClosed(rung)) continue
      const standings = group.flatMap(({ record }) => (record.standing ? [record.standing] : []))
      const why = whyStopped(halving, task, plan, standings)
      stopGroup(group, () => why, update)
    }
}

const stopGroup = (group: readonly TrackedPoint[], why: (standing: Standing) => string, update: Update): void => {
  for (const tracked of group) {
    const { state, standing = { rung: 0, step: 0 } } = tracked.record
    if (state === 'waiting') update(tracked, { state: 'stopped', standing: { ...standing, why: why(standing) } })
  }
}

const stopUnfinished = ({ groups, plan, update }: ActiveSearch): void => {
  for (const group of groups) stopGroup(group, (standing) => whyOutOfTime(plan, standing), update)
}
