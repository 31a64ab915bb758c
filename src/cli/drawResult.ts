import { describeError } from '../dsl/errors.js'
import type { Summary } from '../dsl/run.js'
import { formatCount, formatSeconds } from '../report/format.js'
import { type Table, tableOfComparison, tableOfRun } from '../report/resultTable.js'
import { sizeTable } from '../report/sizeTable.js'
import { studyTable } from '../report/study/studyTable.js'
import type { ComparisonSummary } from '../runtime/comparison.js'
import { shortPath } from '../runtime/shortPath.js'
import type { SweepSummary } from '../runtime/sweep/sweepTypes.js'
import type { Colors } from './colors.js'
import { drawTable } from './drawTable.js'

interface Page {
  readonly colors: Colors
  /** Characters in a line. */
  readonly width: number
  readonly folder: string
}

/** The result of a run for a person: figures, what they were measured on, and where the files are. */
export const drawResult = (summary: Summary | ComparisonSummary | SweepSummary, page: Page): string => {
  if ('points' in summary) return drawSweep(summary, page)
  return 'rows' in summary ? drawComparison(summary, page) : drawRun(summary, page)
}

const drawRun = (summary: Summary, page: Page): string => {
  const artifacts = summary.artifacts.length === 0 ? '' : `: ${summary.artifacts.join(', ')}`
  return draw(summary.pipeline, tableOfRun(summary), [summary], `${shortPath(page.folder)}${artifacts}`, page)
}

const drawComparison = ({ pipeline, rows }: ComparisonSummary, page: Page): string =>
  draw(pipeline, tableOfComparison(rows), Object.values(rows), shortPath(page.folder), page)

const drawSweep = ({ sweep, points, study }: SweepSummary, page: Page): string => {
  const done = points.flatMap(({ label, summary }) => (summary ? [[label, summary] as const] : []))
  const failed = points.flatMap(({ label, error }) => (error ? `failed: ${label}: ${describeError(error)}\n` : []))
  const summaries = done.map(([, summary]) => summary)
  const [kind, table] = study
    ? (['study', studyTable(study)] as const)
    : (['results', tableOfComparison(Object.fromEntries(done))] as const)
  const files = `${shortPath(page.folder)}: ${kind}.csv, ${kind}.json, ${kind}.md`
  return `${draw(sweep, table, summaries, files, page)}${failed.join('')}`
}

const draw = (
  name: string,
  table: Table | undefined,
  summaries: readonly Summary[],
  files: string,
  { colors, width }: Page,
): string => {
  const sizes = summaries.map(({ sizes: layers }) => (layers ? `${drawTable(sizeTable(layers), width, colors)}\n` : ''))
  const title = `${colors.bold(name)}, ${[...new Set(summaries.flatMap(facts))].join(', ')}`
  const body = table ? drawTable(table, width, colors) : `done in ${formatSeconds(totalOf(summaries))}\n`
  const profile = summaries.map(({ profile: seconds }) => (seconds ? drawProfile(seconds) : '')).join('')
  return `\n${title}\n\n${body}\n${sizes.join('')}${profile}${colors.dim(`files in ${files}`)}\n`
}

/** The work of all training steps, the longest first. */
const drawProfile = (seconds: Readonly<Record<string, number>>): string => {
  const works = Object.entries(seconds).toSorted(([, a], [, b]) => b - a)
  const total = works.reduce((sum, [, one]) => sum + one, 0)
  const width = Math.max(...works.map(([name]) => name.length))
  const lines = works.map(
    ([name, one]) =>
      `  ${name.padEnd(width)}  ${((100 * one) / total).toFixed(1).padStart(5)} %  ${formatSeconds(one)}`,
  )
  return works.length === 0 ? '' : `where the time of training went\n\n${lines.join('\n')}\n\n`
}

const totalOf = (summaries: readonly Summary[]): number =>
  summaries.reduce((total, { seconds }) => total + seconds.total, 0)

/** Beside every figure stands what it was measured on, above all where that is no original data. */
const facts = ({ data, engine, before, after }: Summary): string[] => {
  const examples = (after ?? before)?.examples
  const altered = data.origin === 'recompressed' ? ' (recompressed)' : ''
  return [
    `on ${data.name}${altered}`,
    ...(examples === undefined ? [] : [`${formatCount(examples)} test images`]),
    `engine ${engine}`,
  ]
}
