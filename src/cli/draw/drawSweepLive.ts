import type { Study } from '../../report/study/study.js'
import { formatCount, formatLoss, formatSeconds } from '../../report/tables/format.js'
import type { PointProgress } from '../../runtime/sweep/pointMessages.js'
import type { PointRecord } from '../../runtime/sweep/sweepTypes.js'
import { drawTable } from './drawTable.js'
import { fitTable } from './fitTable.js'
import { liveStudy } from './liveStudy.js'
import type { Colors, WindowSize } from './terminal.js'
import { shorten } from './text.js'

/** The current state of a sweep. */
export interface SweepNow {
  readonly points: readonly PointRecord[]
  /** The points that are done, in the order in which they finished. */
  readonly done: readonly PointRecord[]
  /** The last message of each running point, by key. */
  readonly progress: ReadonlyMap<string, PointProgress>
  /** Short names of the points, by key. */
  readonly names: ReadonlyMap<string, string>
  readonly study: Study | undefined
  /** Since the sweep started. */
  readonly seconds: number
}

/**
 * The running points, and above them the table of a study so far. It stays smaller than the window, because a live view
 * that is higher or wider can't be removed again.
 */
export const drawSweepLive = (now: SweepNow, { columns, rows }: WindowSize, colors: Colors): string => {
  // The cursor needs its own line, and a full line would move it to the next one.
  const width = columns - 1
  const height = Math.max(1, rows - 1)
  const running = drawRunning(now, { columns: width, rows: Math.max(1, Math.floor(height / 2)) }, colors)
  const table = now.study && liveStudy(now.points, now.study, now.done)
  const fitted = table && fitTable(table, { columns: width, rows: height - running.length - 1 })
  if (!fitted) return running.join('\n')
  const note = fitted.note === undefined ? '' : `${colors.dim(fitted.note)}\n`
  return `${drawTable(fitted.table, width, colors)}${note}\n${running.join('\n')}`
}

const drawRunning = (
  { points, progress, names, seconds }: SweepNow,
  { columns, rows }: WindowSize,
  colors: Colors,
): readonly string[] => {
  const running = points.filter(({ state }) => state === 'running')
  // Points that fail take less time than the others, and are not counted.
  const done = points.filter(({ state, attempts }) => attempts > 0 && state === 'done').length
  const left = points.filter(({ state }) => state === 'waiting').length + running.length
  const time = done === 0 ? '' : `, about ${formatSeconds((seconds / done) * left)} left`
  const shown = running.length < rows ? running : running.slice(0, Math.max(0, rows - 2))
  const lines = shown.map(({ label, key }) =>
    drawPoint(names.get(key) ?? label, drawProgress(progress.get(key)), columns, colors),
  )
  const more = running.length - shown.length
  return [
    shorten(`${left} of ${points.length} to go${time}`, columns),
    ...lines,
    ...(more > 0 && rows > 1 ? [shorten(`  … ${more} more`, columns)] : []),
  ]
}

const drawPoint = (name: string, progress: string, columns: number, colors: Colors): string => {
  const label = shorten(name, Math.max(12, columns - 4 - progress.length))
  const line = `  ${label}  ${progress}`
  return line.length > columns ? shorten(line, columns) : `  ${colors.cyan(label)}  ${progress}`
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
