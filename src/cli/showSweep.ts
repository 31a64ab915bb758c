import { isRight } from 'fp-ts/lib/Either.js'
import { describeError } from '../dsl/errors.js'
import { formatCount, formatPercent, formatSeconds } from '../report/format.js'
import type { Study } from '../report/study/study.js'
import { commonMistake } from '../runtime/sweep/commonMistake.js'
import type { PointProgress } from '../runtime/sweep/pointMessages.js'
import type { PointRecord, SweepEvent, SweepHandle } from '../runtime/sweep/sweepTypes.js'
import type { Colors } from './colors.js'
import { drawSweepLive } from './drawSweepLive.js'
import { pointCount } from './pointCount.js'
import { pointNames } from './pointNames.js'
import type { Screen } from './screen.js'
import type { WindowSize } from './windowSize.js'

/** How a sweep is shown. */
export interface Showing {
  readonly colors: Colors
  /** The window as it is now. */
  readonly size: () => WindowSize
  /** How the points are run, in words. */
  readonly where: string
  readonly study: Study | undefined
}

/**
 * Shows a sweep as it goes: a line per point that stays, and below a passing one for each point under way; of a study
 * also its table so far.
 */
export const showSweep = ({ events$, result }: SweepHandle, screen: Screen, showing: Showing): void => {
  const { colors, where, study, size } = showing
  const points = new Map<string, PointRecord>()
  const done = new Map<string, PointRecord>()
  const progress = new Map<string, PointProgress>()
  const told = new Set<string>()
  const held: string[] = []
  const began = performance.now()
  let names: ReadonlyMap<string, string> = new Map()
  let listed = false

  const begin = (): void => {
    listed = true
    names = pointNames([...points.values()])
    const before = done.size > 0 ? `, ${formatCount(done.size)} done before` : ''
    screen.line(`${pointCount(points.size)}${before}, ${where}`)
  }
  const warn = (key: string, stage: string, message: string): void => {
    const name = names.get(key)
    const line = `warning: ${name === undefined ? '' : `${name}: `}${stage}: ${message}`
    if (told.has(`${key} ${line}`)) return
    told.add(`${key} ${line}`)
    screen.line(line)
  }
  const release = (): void => held.splice(0).forEach(screen.line)
  /** A mistake that the next point may share ends the sweep, which then says it, once. */
  const tellOutcome = (point: PointRecord): void => {
    const line = `${countOf(points)} ${point.label}: ${outcomeOf(point)}`
    if (commonMistake([...points.values()])) {
      held.push(line)
      return
    }
    release()
    screen.line(line)
  }
  const handlers: { readonly [T in SweepEvent['type']]: (event: Extract<SweepEvent, { type: T }>) => void } = {
    point: ({ point }) => {
      // The first that runs opens the work: what was done before is told in one line.
      if (!listed && point.state === 'running') begin()
      points.set(point.key, point)
      progress.delete(point.key)
      if (point.state === 'done') done.set(point.key, point)
      if (listed && (point.state === 'done' || point.state === 'failed')) tellOutcome(point)
    },
    progress: ({ point, progress: now }) => {
      if (now.type === 'warning') return warn(point.key, now.stage, now.message)
      // What trains has been spared the mistake.
      release()
      progress.set(point.key, now)
    },
    again: ({ point, reason }) => screen.line(`${point.label}: crashed (${reason}), trying again`),
    warning: ({ stage, message }) => warn('', stage, message),
  }
  events$.subscribe({
    next: (event) => {
      // Each handler takes the events of its own type: the record's type says so, but not to an index by a union.
      const handle = handlers[event.type] as (event: SweepEvent) => void
      handle(event)
      if (!listed) return
      screen.live(() => {
        const seconds = (performance.now() - began) / 1000
        const now = { points: [...points.values()], done: [...done.values()], progress, names, study, seconds }
        return drawSweepLive(now, size(), colors)
      })
    },
    complete: () => {
      if (!listed && done.size > 0 && done.size === points.size)
        screen.line(`${pointCount(done.size)}, ${done.size > 1 ? 'all ' : ''}done before`)
    },
  })
  void result.then((ended) => {
    if (isRight(ended) || ended.left._tag === 'InterruptedError') release()
  })
}

const countOf = (points: ReadonlyMap<string, PointRecord>): string => {
  const over = [...points.values()].filter(({ state }) => state === 'done' || state === 'failed').length
  return `${String(over).padStart(String(points.size).length)}/${points.size}`
}

const outcomeOf = ({ error, summary }: PointRecord): string => {
  if (error) return `failed: ${describeError(error)}`
  const accuracies = summary?.after ?? summary?.before
  const figures = [['clean', accuracies?.clean] as const, ...Object.entries(accuracies?.attacks ?? {})]
  const shown = figures.flatMap(([name, value]) => (value === undefined ? [] : `${name} ${formatPercent(value)}`))
  return [...shown, formatSeconds(summary?.seconds.total ?? 0)].join('  ')
}
