import { join } from 'node:path'
import { describeError, type PwoaError } from '../../dsl/errors.js'
import { printableLine } from '../../dsl/kit/printable.js'
import { shellWord } from '../../dsl/kit/shellWord.js'
import { enginesOf, type Summary } from '../../dsl/pipeline/run.js'
import { searchTable } from '../../report/study/searchTable.js'
import type { Study } from '../../report/study/study.js'
import { studyTable } from '../../report/study/studyTable.js'
import { certificateTable } from '../../report/tables/certificateTable.js'
import { deviceTable } from '../../report/tables/deviceTable.js'
import { formatCount, formatSeconds } from '../../report/tables/format.js'
import { latencyTable } from '../../report/tables/latencyTable.js'
import { type Table, tableOfComparison, tableOfRun } from '../../report/tables/resultTable.js'
import { sizeTable } from '../../report/tables/sizeTable.js'
import { uncertaintyOn } from '../../report/tables/uncertainty.js'
import type { ComparisonSummary } from '../../runtime/comparison/comparison.js'
import { runFiles } from '../../runtime/folder/folderNames.js'
import { shortPath } from '../../runtime/host/shortPath.js'
import type { PointRecord, SweepSummary } from '../../runtime/sweep/sweepTypes.js'
import { type FittedTable, fitTable } from './fitTable.js'
import { errorInFlags, inFlags } from './inFlags.js'
import { liveStudy } from './liveStudy.js'
import { pointCount } from './points.js'
import { drawTableFor } from './stackTable.js'
import { type Colors, lengthSeen } from './terminal.js'
import { wrapLine } from './text.js'

interface Page {
  readonly colors: Colors
  /** Characters per line. */
  readonly width: number
  readonly folder: string
  /** The names in the folder. */
  readonly files: readonly string[]
  /** How a sweep's points are compared, if the table has to fit a window. Without it all columns are drawn. */
  readonly study?: Study | undefined
}

/** The result of a run as a text: figures, what they were measured on, and where the files are. */
export const drawResult = (summary: Summary | ComparisonSummary | SweepSummary, page: Page): string => {
  if ('points' in summary) return drawSweep(summary, page)
  return 'rows' in summary ? drawComparison(summary, page) : drawRun(summary, page)
}

const drawRun = (summary: Summary, page: Page): string => {
  const artifacts = summary.artifacts.length === 0 ? '' : `: ${summary.artifacts.join(', ')}`
  return draw(
    summary.pipeline,
    { table: tableOfRun(summary) },
    [summary],
    `${shortPath(page.folder)}${artifacts}`,
    page,
  )
}

const drawComparison = ({ pipeline, rows }: ComparisonSummary, page: Page): string =>
  draw(pipeline, { table: tableOfComparison(rows) }, Object.values(rows), shortPath(page.folder), page)

const drawSweep = ({ sweep, points, study, search }: SweepSummary, page: Page): string => {
  const done = points.flatMap(({ label, summary }) => (summary ? [[label, summary] as const] : []))
  const failed = points.flatMap(({ label, error }) =>
    error ? [`failed: ${printableLine(`${label}: ${describeError(errorInFlags(error))}`)}\n`, ...hintOf(error)] : [],
  )
  const summaries = done.map(([, summary]) => summary)
  const table = search ? searchTable(search) : study ? studyTable(study) : tableOfComparison(Object.fromEntries(done))
  const note = search?.notes.map((line) => wrapped(line, page.width)).join('\n')
  const fitted = page.study && fitStudy(points, page.study, page.width)
  const files = sweepFiles(summaries, page)
  if (done.length > 0) return `${draw(sweep, fitted ?? { table, note }, summaries, files, page)}${failed.join('')}`
  const { bold, dim } = page.colors
  return `\n${bold(printableLine(sweep))}, none of ${pointCount(points.length)} done\n\n${failed.join('')}\n${dim(`files in ${files}`)}\n`
}

const hintOf = ({ hint }: PwoaError): readonly string[] =>
  hint === undefined ? [] : [`  ${printableLine(inFlags(hint))}\n`]

/** The study's table with as many columns as the window takes: a wider one would break every row in two. */
const fitStudy = (points: readonly PointRecord[], study: Study, width: number): FittedTable | undefined => {
  const table = liveStudy(points, study, [])
  const fitted = table && fitTable(table, { columns: width, rows: Number.POSITIVE_INFINITY })
  return fitted?.note === undefined ? fitted : { ...fitted, note: `${fitted.note}\nstudy.md has all of them` }
}

/** The files of a sweep: its own tables and pictures, and the files of each point. */
const sweepFiles = (summaries: readonly Summary[], { folder, files }: Page): string => {
  const own = files.filter((name) => /^(report|results|search\.(md|json)|study)(\.|$)|\.svg$/.test(name))
  const made = [...new Set(summaries.flatMap(({ artifacts }) => artifacts))]
  const of = made.length > 0 ? made.join(', ') : 'its run'
  const listed = own.length > 0 ? `: ${own.toSorted().join(', ')}` : ''
  return `${shortPath(folder)}${listed}; of each point in points/KEY: ${of}`
}

/** The figures of runs, if there are any, and a note about columns that are left out. */
interface Shown {
  readonly table: Table | undefined
  readonly note?: string | undefined
}

const draw = (
  name: string,
  { table, note }: Shown,
  summaries: readonly Summary[],
  files: string,
  page: Page,
): string => {
  const { colors, width } = page
  const sizes = summaries.map(({ sizes: layers }) =>
    layers ? `${drawTableFor(sizeTable(layers), width, colors)}\n` : '',
  )
  const times = summaries.map(({ latency }) =>
    latency ? `${drawTableFor(latencyTable(latency), width, colors)}\n` : '',
  )
  const proofs = summaries.map(({ certificates }) =>
    certificates ? `${drawTableFor(certificateTable(certificates), width, colors)}\n` : '',
  )
  const boards = summaries.map(({ devices }) =>
    devices ? `${drawTableFor(deviceTable(devices), width, colors)}\n` : '',
  )
  const title = `${colors.bold(printableLine(name))}, ${printableLine([...new Set(summaries.flatMap(facts))].join(', '))}`
  const more = note === undefined ? '' : `${colors.dim(note)}\n`
  const error = errorOf(summaries).map((line) => `${colors.dim(wrapped(line, width))}\n`)
  const body = table
    ? [drawTableFor(table, width, colors), more, ...error].join('')
    : `done in ${formatSeconds(totalOf(summaries))}\n`
  const profile = summaries.map(({ profile: seconds }) => (seconds ? drawProfile(seconds) : '')).join('')
  const trial = summaries.some((summary) => summary.trial)
    ? `${colors.yellow('a quick trial: no figure above is a result')}\n`
    : ''
  return `\n${wrapped(title, width)}\n\n${body}\n${proofs.join('')}${sizes.join('')}${times.join('')}${boards.join('')}${profile}${trial}${colors.dim(wrapped(`files in ${printableLine(files)}`, width))}\n${nextSteps(page)}`
}

/** How uncertain accuracies on a few images are, as a line; none without figures, and in a trial. */
const errorOf = (summaries: readonly Summary[]): readonly string[] => {
  const counts = summaries.flatMap(({ after, before, trial }) => (trial ? [] : ((after ?? before)?.examples ?? [])))
  return counts.length === 0 ? [] : [uncertaintyOn(Math.min(...counts)) ?? []].flat()
}

const wrapped = (text: string, width: number): string => wrapLine(text, width, lengthSeen).join('\n')

/** The report, and how to look again. */
const nextSteps = ({ folder, files }: Page): string => {
  if (!files.includes(runFiles.report)) return ''
  const place = printableLine(shortPath(folder))
  return `report: ${join(place, runFiles.report)}\nlook again: pwoa-run ui ${shellWord(place)}\n`
}

/** The seconds of all training steps by kind of work, the longest first. */
const drawProfile = (seconds: Readonly<Record<string, number>>): string => {
  const works = Object.entries(seconds).toSorted(([, a], [, b]) => b - a)
  const total = works.reduce((sum, [, one]) => sum + one, 0)
  const width = Math.max(...works.map(([name]) => name.length))
  const lines = works.map(
    ([name, one]) =>
      `  ${printableLine(name).padEnd(width)}  ${((100 * one) / total).toFixed(1).padStart(5)} %  ${formatSeconds(one)}`,
  )
  return works.length === 0 ? '' : `where the time of training went\n\n${lines.join('\n')}\n\n`
}

const totalOf = (summaries: readonly Summary[]): number =>
  summaries.reduce((total, { seconds }) => total + seconds.total, 0)

/** What the figures were measured on; most important if the data is not the original. */
const facts = (summary: Summary): string[] => {
  const { data, before, after } = summary
  const examples = (after ?? before)?.examples
  const altered = data.origin === 'recompressed' ? ' (recompressed)' : ''
  return [
    `on ${data.name}${altered}`,
    ...(examples === undefined ? [] : [`${formatCount(examples)} test images`]),
    `engine ${enginesOf(summary).join(' and ')}`,
  ]
}
