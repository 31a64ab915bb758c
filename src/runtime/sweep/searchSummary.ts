import { given } from '../../dsl/kit/given.js'
import type { SearchRow, SearchSummary } from '../../report/study/searchTable.js'
import { spreadOf, studyRows } from '../../report/study/study.js'
import { configurationsOf, withoutSeed } from '../search/configurations.js'
import type { SearchHalving, SearchPlan } from '../search/searchTypes.js'
import type { PointRecord } from './sweepTypes.js'

/** The points of a search, ranked, with means over their seeds. */
export const searchSummary = (points: readonly PointRecord[], plan: SearchPlan): SearchSummary => {
  const groups = configurationsOf(points, ({ params }) => params)
  const rows = groups.map((group) => ({ row: rowOf(group), rung: rungOf(group) }))
  const sign = plan.goal === 'lowest' ? 1 : -1
  const worth = ({ row: { metric } }: (typeof rows)[number]): number =>
    metric ? sign * metric.mean : Number.POSITIVE_INFINITY
  const ranked = rows.toSorted(
    (a, b) =>
      ahead(a.row) - ahead(b.row) || b.rung - a.rung || (worth(a) < worth(b) ? -1 : Number(worth(a) > worth(b))),
  )
  const seeds = Math.max(0, ...groups.map((group) => group.length))
  return {
    ...given({ metric: plan.metric }),
    notes: notesOf(plan, groups.length, seeds),
    rows: ranked.map(({ row }) => row),
  }
}

const ahead = ({ state }: SearchRow): number => (state === 'done' ? 0 : state === 'failed' ? 2 : 1)

const rungOf = (group: readonly PointRecord[]): number => Math.min(...group.map(({ standing }) => standing?.rung ?? 0))

const rowOf = (group: readonly PointRecord[]): SearchRow => {
  const [first] = group
  const state = (['failed', 'stopped', 'running', 'waiting', 'done'] as const).find((one) =>
    group.some((point) => point.state === one),
  )
  // Seeds that came further than the others do not count twice: all are compared at the same rung.
  const rung = rungOf(group)
  const there = group.flatMap(({ standing }) => (standing && standing.rung === rung ? [standing] : []))
  const done = state === 'done' ? group.flatMap(({ params, summary }) => (summary ? [{ params, summary }] : [])) : []
  const [study] = studyRows(done, { method: '', across: '' })
  return {
    params: withoutSeed(first?.params ?? {}),
    seeds: there.length,
    state: state ?? 'waiting',
    step: Math.max(0, ...there.map(({ step }) => step)),
    attacks: study?.attacks ?? {},
    ...given({
      metric: spreadOf(there.map(({ value }) => value)),
      clean: study?.clean,
      why: group.find(({ standing }) => standing?.why !== undefined)?.standing?.why,
    }),
  }
}

const notesOf = (
  { sampling, seed, metric, over, goal, halving, hours }: SearchPlan,
  points: number,
  seeds: number,
): readonly string[] => [
  `${points} point${points === 1 ? '' : 's'}, drawn ${sampling === 'random' ? 'at random' : 'evenly spread (Halton)'} with seed ${seed}.`,
  ...(metric === undefined
    ? []
    : [
        `Ranked by the ${goal} ${metric}${metric.startsWith('accuracy.') || over === 1 ? '' : ` (mean of the last ${over} steps)`}${seeds > 1 ? `, mean over ${seeds} seeds` : ''}.`,
      ]),
  ...(halving ? halvingNotes(halving) : []),
  ...(hours === undefined
    ? []
    : [`Nothing goes on after ${hours} h: how far the points come depends on the machines and their number.`]),
  ...(hours === undefined && halving?.order !== 'asynchronous'
    ? ['The results are the same for any number of workers.']
    : []),
]

const halvingNotes = ({ factor, rungs, order }: SearchHalving): readonly string[] => [
  `Early stopping: at ${rungs === 1 ? 'a rung' : `${rungs} rungs`}, ${Array.from({ length: rungs }, (_, rung) => `1/${factor ** (rungs - rung)}`).join(' and ')} of the training steps, 1 in ${factor} points goes on. A stopped point has no result: its metric is that of the step where it was stopped.`,
  ...(order === 'asynchronous'
    ? [
        'Points go on asynchronously: which ones do depends on the order in which runs end, and so on the number of workers.',
      ]
    : []),
]
