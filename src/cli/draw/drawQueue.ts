import { formatCount, formatSeconds } from '../../report/tables/format.js'
import type { PointView, QueueView, SweepView } from '../../runtime/queue/admin/queueView.js'
import { drawTable } from './drawTable.js'
import type { Colors } from './terminal.js'

/** The sweeps in a queue and the workers, as two tables with notes. */
export const drawQueue = ({ sweeps, workers }: QueueView, width: number, colors: Colors): string => {
  const sweepRows = sweeps.map(({ id, priority, points, age, unseen }) => [
    id,
    String(priority),
    ...[points.waiting + points.delayed, points.running, points.done, points.failed].map(formatCount),
    formatSeconds(age),
    formatSeconds(unseen),
  ])
  const workerRows = workers.map(({ id, running, slots, paused }) => [
    id,
    `${running.length} of ${slots}`,
    paused === undefined ? '' : 'pausing',
  ])
  const notes = [
    ...sweeps.flatMap(notesOf),
    ...workers.flatMap(({ id, paused }) => (paused === undefined ? [] : `${id} is pausing: ${paused}`)),
  ]
  return [
    sweeps.length === 0
      ? 'no sweep in the queue\n'
      : drawTable(
          { header: ['sweep', 'priority', 'waiting', 'running', 'done', 'failed', 'age', 'followed'], rows: sweepRows },
          width,
          colors,
        ),
    workers.length === 0
      ? 'no worker\n'
      : drawTable({ header: ['worker', 'running', ''], rows: workerRows }, width, colors),
    notes.map((note) => `${note}\n`).join(''),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

const notesOf = ({ id, drained, refusals }: SweepView): readonly string[] => [
  ...(drained ? [`${id} is drained: workers take no more points of it`] : []),
  ...Object.entries(refusals).map(([worker, reason]) => `${id}: ${worker}: ${reason}`),
]

/** The points of a sweep, as a table with the reasons of failures below it. */
export const drawPoints = (points: readonly PointView[], width: number, colors: Colors): string => {
  const rows = points.map(({ label, state, crashes, since, key }) => [
    label,
    state,
    String(crashes),
    since === undefined ? '' : formatSeconds(since),
    key,
  ])
  const reasons = points.flatMap(({ label, reason }) => (reason === undefined ? [] : `${label}: ${reason}\n`))
  if (points.length === 0) return 'no points in the queue\n'
  const header = ['point', 'state', 'crashes', 'since', 'key']
  return `${drawTable({ header, rows }, width, colors)}${reasons.length > 0 ? '\n' : ''}${reasons.join('')}`
}
