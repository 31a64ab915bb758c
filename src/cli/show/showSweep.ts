import { isRight } from 'fp-ts/lib/Either.js'
import { describeError } from '../../dsl/errors.js'
import { dispatch } from '../../dsl/kit/dispatch.js'
import type { Study } from '../../report/study/study.js'
import { formatCount, formatPercent, formatSeconds } from '../../report/tables/format.js'
import { commonMistake } from '../../runtime/sweep/commonMistake.js'
import type { PointProgress } from '../../runtime/sweep/pointMessages.js'
import type { PointRecord, SweepEvent, SweepHandle } from '../../runtime/sweep/sweepTypes.js'
import { drawSweepLive } from '../draw/drawSweepLive.js'
import { errorInFlags, inFlags, stageInFlags } from '../draw/inFlags.js'
import { pointCount, pointNames } from '../draw/points.js'
import type { Colors, WindowSize } from '../draw/terminal.js'
import type { Screen } from './screen.js'

/** How a sweep is shown. */
export interface Showing {
  readonly colors: Colors
  /** The current window size. */
  readonly size: () => WindowSize
  /** How the points are run: `2 at a time`. */
  readonly where: string
  readonly study: Study | undefined
}

/**
 * Shows the progress of a sweep: a line for each finished point, and live each running point and the table of a study
 * so far.
 */
export const showSweep = ({ events$, result }: SweepHandle, screen: Screen, showing: Showing): void => {
  const { colors, where, study, size } = showing
  const points = new Map<string, PointRecord>()
  const done = new Map<string, PointRecord>()
  const progress = new Map<string, PointProgress>()
  const warned = new Set<string>()
  const held: string[] = []
  const started = performance.now()
  let names: ReadonlyMap<string, string> = new Map()
  let isListed = false

  const list = (): void => {
    isListed = true
    names = pointNames([...points.values()])
    const before = done.size > 0 ? `, ${formatCount(done.size)} done before` : ''
    screen.line(`${pointCount(points.size)}${before}, ${where}`)
  }
  const warn = (key: string, stage: string, message: string): void => {
    const name = names.get(key)
    const line = `warning: ${name === undefined ? '' : `${name}: `}${stageInFlags(stage)}: ${inFlags(message)}`
    if (warned.has(`${key} ${line}`)) return
    warned.add(`${key} ${line}`)
    screen.line(line)
  }
  const release = (): void => held.splice(0).forEach(screen.line)
  /** Holds back a mistake that the next point may share: then the sweep ends with it, and it is printed only once. */
  const showOutcome = (point: PointRecord): void => {
    const line = `${countOf(points)} ${point.label}: ${outcomeOf(point)}`
    if (commonMistake([...points.values()])) {
      held.push(line)
      return
    }
    release()
    screen.line(line)
  }
  const handle = dispatch<SweepEvent, [], void>({
    point: ({ point }) => {
      // Points that were done before are counted in one line, before the first that runs.
      if (!isListed && point.state === 'running') list()
      const before = points.get(point.key)
      points.set(point.key, point)
      progress.delete(point.key)
      if (point.state === 'done') done.set(point.key, point)
      // A search records the metric of a finished point afterwards.
      if (isListed && isOver(point) && !(before && isOver(before))) showOutcome(point)
    },
    progress: ({ point, progress: now }) => {
      if (now.type === 'warning') return warn(point.key, now.stage, now.message)
      // A point that trains does not have the mistake of the others.
      release()
      progress.set(point.key, now)
    },
    again: ({ point, reason }) => screen.line(`${point.label}: crashed (${reason}), trying again`),
    warning: ({ stage, message }) => warn('', stage, message),
  })
  events$.subscribe({
    next: (event) => {
      handle(event)
      if (!isListed) return
      screen.live(() => {
        const seconds = (performance.now() - started) / 1000
        const now = { points: [...points.values()], done: [...done.values()], progress, names, study, seconds }
        return drawSweepLive(now, size(), colors)
      })
    },
    complete: () => {
      if (!isListed && done.size > 0 && done.size === points.size)
        screen.line(`${pointCount(done.size)}, ${done.size > 1 ? 'all ' : ''}done before`)
    },
  })
  void result.then((ended) => {
    if (isRight(ended) || ended.left._tag === 'InterruptedError') release()
  })
}

const isOver = ({ state }: PointRecord): boolean => state === 'done' || state === 'failed' || state === 'stopped'

const countOf = (points: ReadonlyMap<string, PointRecord>): string => {
  const over = [...points.values()].filter(isOver).length
  return `${String(over).padStart(String(points.size).length)}/${points.size}`
}

const outcomeOf = ({ error, summary, state, standing }: PointRecord): string => {
  if (state === 'stopped') return `stopped ${standing?.why ?? ''}`
  if (error) return `failed: ${describeError(errorInFlags(error))}`
  const accuracies = summary?.after ?? summary?.before
  const figures = [['clean', accuracies?.clean] as const, ...Object.entries(accuracies?.attacks ?? {})]
  const shown = figures.flatMap(([name, value]) => (value === undefined ? [] : `${name} ${formatPercent(value)}`))
  return [...shown, formatSeconds(summary?.seconds.total ?? 0)].join('  ')
}
