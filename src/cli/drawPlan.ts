import type { StageInfo } from '../dsl/op.js'
import type { Pipeline } from '../dsl/pipeline.js'
import type { Step } from '../dsl/step.js'
import { drawValues } from '../report/drawValues.js'
import { planOf } from '../runtime/plan.js'
import type { Runnable } from '../runtime/runnable.js'
import type { Colors } from './colors.js'
import { pointCount } from './pointCount.js'

/** The stages of a pipeline, their options, and what they will do; of a sweep its points, and one's stages. */
export const drawPlan = (made: Runnable, colors: Colors): string => {
  if (made.kind === 'pipeline') return `${colors.bold(made.name)}\n${drawPipeline(made, colors)}`
  const title = colors.bold(made.name)
  if (made.kind === 'sweep') {
    const [first] = made.points
    const labels = made.points.map(({ label }) => `  ${label}\n`).join('')
    const stages = first ? `\n${colors.bold(first.label)}\n${drawPipeline(first.pipeline, colors)}` : ''
    return `${title}, ${pointCount(made.points.length)}\n${labels}${stages}`
  }
  const rows = Object.entries(made.rows).map(
    ([label, row], index) => `\n${index + 1}. ${colors.bold(label)}\n${drawPipeline(row, colors)}`,
  )
  return `${title}, ${rows.length} pipelines in turn\n${rows.join('')}`
}

/** The same as data, for `--json`. */
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

const lineWidth = 80

const drawPipeline = ({ params, source, plan }: Pipeline<Step>, colors: Colors): string => {
  const data = {
    stage: 'data',
    config: { source: source.name, ...source.config, batchSize: source.batchSize },
    adds: [],
  }
  const given = { stage: 'parameters', config: params, adds: [] }
  const parts: readonly Part[] = [...(Object.keys(params).length === 0 ? [] : [given]), data, ...plan]
  const width = Math.max(...parts.map(({ stage }) => stage.length))
  const indent = `\n${' '.repeat(width + 4)}`
  return parts
    .map((part) => {
      const lines = drawPart(part, lineWidth - indent.length).split('\n')
      return `  ${colors.cyan(part.stage.padEnd(width))}  ${lines.join(indent)}\n`
    })
    .join('')
}

type Part = Pick<StageInfo, 'stage' | 'config' | 'adds' | 'does'>

const drawPart = ({ does, config, adds }: Part, width: number): string =>
  [does, drawValues(config, width), adds.length === 0 ? undefined : `→ ${adds.join(', ')}`]
    .filter((text) => text !== undefined && text !== '')
    .join('\n')
