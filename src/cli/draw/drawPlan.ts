import { printable } from '../../dsl/kit/printable.js'
import type { StageInfo } from '../../dsl/op.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import type { Study } from '../../report/study/study.js'
import { drawValues } from '../../report/tables/drawValues.js'
import type { Runnable } from '../../runtime/file/definePipeline.js'
import { planOf } from '../../runtime/folder/plan.js'
import type { Sweep, SweepPoint } from '../../runtime/sweep/sweepTypes.js'
import { pointCount } from './points.js'
import type { Colors } from './terminal.js'

/**
 * The stages of a pipeline, their options, and what they will do. For a sweep: its points, and the stages of the first
 * one, or if it is a study, of the first point of each method.
 */
export const drawPlan = (made: Runnable, colors: Colors): string => {
  if (made.kind === 'pipeline') return `${colors.bold(made.name)}\n${drawPipeline(made, colors)}`
  const title = colors.bold(made.name)
  if (made.kind === 'sweep') {
    const labels = made.points.map(({ label }) => `  ${label}\n`).join('')
    return `${title}, ${pointCount(made.points.length)}\n${labels}${drawFirst(made, colors)}`
  }
  const rows = Object.entries(made.rows).map(
    ([label, row], index) => `\n${index + 1}. ${colors.bold(label)}\n${drawPipeline(row, colors)}`,
  )
  return `${title}, ${rows.length} pipelines in turn\n${rows.join('')}`
}

/** What a run would find in the files that it reads, a line each. */
export const drawFound = (lines: readonly string[], colors: Colors): string =>
  lines.length === 0 ? '' : `\n${lines.map((line) => `${colors.dim(printable(`found ${line}`))}\n`).join('')}`

/** The plan as data, for `--json`. */
export const planAsJson = (made: Runnable, seed: number): object => {
  if (made.kind === 'pipeline') return planOf(made, seed)
  const { name, params } = made
  if (made.kind === 'sweep') {
    const points = made.points.map((point) => planOf(point.pipeline, point.seed ?? seed))
    return { sweep: name, params, points }
  }
  const rows = Object.entries(made.rows).map(([label, row]) => [label, planOf(row, seed)])
  return { comparison: name, params, rows: Object.fromEntries(rows) }
}

const drawFirst = ({ points, study }: Sweep, colors: Colors): string => {
  if (study) return drawMethods(points, study, colors)
  const [first] = points
  return first ? `\n${colors.bold(first.label)}\n${drawPipeline(first.pipeline, colors)}` : ''
}

const drawMethods = (points: readonly SweepPoint[], { method }: Study, colors: Colors): string => {
  const nameOf = ({ params }: SweepPoint): string => String(params[method])
  const first = points.filter((point, index) => points.findIndex((one) => nameOf(one) === nameOf(point)) === index)
  const drawn = new Map<string, string>()
  return first
    .map((point) => {
      const name = nameOf(point)
      const heading = `\n${colors.bold(name)}  ${colors.dim(point.label)}\n`
      return `${heading}${drawPipeline(point.pipeline, colors, { without: point.params, brief: briefly(drawn, name) })}`
    })
    .join('')
}

/**
 * Draws a stage of several lines only once, because methods have most of their stages in common; `drawn` holds the
 * method that each stage was drawn for.
 */
const briefly =
  (drawn: Map<string, string>, name: string) =>
  (part: Part, text: string): string => {
    const { stage, config, adds, does } = part
    const key = JSON.stringify([stage, config, adds, does])
    const first = drawn.get(key) ?? name
    drawn.set(key, first)
    return first === name || !text.includes('\n') ? text : `as in ${first}`
  }

const LINE_WIDTH = 80

interface Drawing {
  /** Parameters that the heading shows already. */
  readonly without?: Readonly<Record<string, unknown>>
  /** Replaces the text of a stage by a shorter one. */
  readonly brief?: (part: Part, text: string) => string
}

const drawPipeline = (
  { params, source, plan }: Pipeline<Step>,
  colors: Colors,
  { without = {}, brief = (_part, text) => text }: Drawing = {},
): string => {
  const data = {
    stage: 'data',
    config: { source: source.name, ...source.config, batchSize: source.batchSize },
    adds: [],
  }
  const config = Object.fromEntries(Object.entries(params).filter(([key]) => !Object.hasOwn(without, key)))
  const given = { stage: 'parameters', config, adds: [] }
  const parts: readonly Part[] = [...(Object.keys(config).length === 0 ? [] : [given]), data, ...plan]
  const width = Math.max(...parts.map(({ stage }) => stage.length))
  const indent = `\n${' '.repeat(width + 4)}`
  return parts
    .map((part) => {
      const lines = brief(part, drawPart(part, LINE_WIDTH - indent.length)).split('\n')
      return `  ${colors.cyan(part.stage.padEnd(width))}  ${lines.join(indent)}\n`
    })
    .join('')
}

type Part = Pick<StageInfo, 'stage' | 'config' | 'adds' | 'does'>

const drawPart = ({ does, config, adds }: Part, width: number): string =>
  [does, drawValues(config, width), adds.length === 0 ? undefined : `→ ${adds.join(', ')}`]
    .filter((text) => text !== undefined && text !== '')
    .join('\n')
