import { describeError } from '../dsl/errors.js'
import { formatCount, formatLoss, formatPercent, formatSeconds } from '../report/format.js'
import type { Study } from '../report/study/study.js'
import { studyTable } from '../report/study/studyTable.js'
import type { PointProgress } from '../runtime/sweep/pointMessages.js'
import { studyOf } from '../runtime/sweep/studyResults.js'
import type { PointRecord, SweepEvent, SweepHandle } from '../runtime/sweep/sweepTypes.js'
import type { Colors } from './colors.js'
import { drawTable } from './drawTable.js'
import type { Screen } from './screen.js'

/** How a sweep is shown. */
export interface Showing {
  readonly colors: Colors
  /** Characters in a line. */
  readonly width: number
  /** How the points are run, in words. */
  readonly where: string
  readonly study: Study | undefined
}

/**
 * Shows a sweep as it goes: a line per point that stays, and below a passing one for each point under way; of a study
 * also its table so far.
 */
export const showSweep = ({ events$ }: SweepHandle, screen: Screen, showing: Showing): void => {
  const { colors, where } = showing
  const points = new Map<string, PointRecord>()
  const progress = new Map<string, PointProgress>()
  const told = new Set<string>()
  const began = performance.now()
  let listed = false

  const warn = (stage: string, message: string): void => {
    const line = `warning: ${stage}: ${message}`
    if (!told.has(line)) screen.line(line)
    told.add(line)
  }
  const handlers: { readonly [T in SweepEvent['type']]: (event: Extract<SweepEvent, { type: T }>) => void } = {
    point: ({ point }) => {
      // The first of a state other than waiting or done opens the work: what was done before is told in one line.
      if (!listed && point.state === 'running') {
        listed = true
        const before = [...points.values()].filter(({ state }) => state === 'done').length
        screen.line(
          `${formatCount(points.size)} point${points.size === 1 ? '' : 's'}${before > 0 ? `, ${formatCount(before)} done before` : ''}, ${where}`,
        )
      }
      points.set(point.key, point)
      progress.delete(point.key)
      if (listed && (point.state === 'done' || point.state === 'failed'))
        screen.line(`${countOf(points)} ${point.label}: ${outcomeOf(point)}`)
    },
    progress: ({ point, progress: now }) => {
      if (now.type === 'warning') warn(now.stage, now.message)
      else progress.set(point.key, now)
    },
    again: ({ point, reason }) => screen.line(`${point.label}: crashed (${reason}), trying again`),
    warning: ({ stage, message }) => warn(stage, message),
  }
  events$.subscribe((event) => {
    // Each handler takes the events of its own type: the record's type says so, but not to an index by a union.
    const handle = handlers[event.type] as (event: SweepEvent) => void
    handle(event)
    screen.live(() =>
      [
        ...drawStudy([...points.values()], showing),
        drawLive([...points.values()], progress, colors, performance.now() - began),
      ].join('\n'),
    )
  })
}

const drawStudy = (points: readonly PointRecord[], { study, colors, width }: Showing): string[] =>
  study && points.some(({ summary }) => summary) ? [drawTable(studyTable(studyOf(points, study)), width, colors)] : []

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

const drawLive = (
  points: readonly PointRecord[],
  progress: ReadonlyMap<string, PointProgress>,
  colors: Colors,
  milliseconds: number,
): string => {
  const running = points.filter(({ state }) => state === 'running')
  const over = points.filter(({ state, attempts }) => attempts > 0 && (state === 'done' || state === 'failed')).length
  const left = points.filter(({ state }) => state === 'waiting').length + running.length
  const time = over === 0 ? '' : `, about ${formatSeconds((milliseconds / 1000 / over) * left)} left`
  const lines = running.map(({ label, key }) => `  ${colors.cyan(label)}  ${drawProgress(progress.get(key))}`)
  return [`${left} of ${points.length} to go${time}`, ...lines].join('\n')
}

const drawProgress = (progress: PointProgress | undefined): string => {
  if (progress?.type === 'training') {
    const { phase, epoch, epochs, step, steps, loss } = progress
    return `${phase} ${epoch + 1}/${epochs}  ${Math.floor((100 * step) / steps)} %  loss ${formatLoss(loss)}`
  }
  if (progress?.type === 'evaluating')
    return `${progress.subject} ${progress.attack}  ${formatCount(Math.floor(progress.done))}/${formatCount(progress.total)}`
  return 'starting'
}
