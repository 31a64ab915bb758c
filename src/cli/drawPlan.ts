import type { StageInfo } from '../dsl/op.js'
import type { Pipeline } from '../dsl/pipeline.js'
import type { Step } from '../dsl/step.js'
import { drawValues } from '../report/drawValues.js'
import type { Comparison } from '../runtime/comparison.js'
import { planOf } from '../runtime/plan.js'
import type { Colors } from './colors.js'

/** The stages of a pipeline, their options, and what they will do. */
export const drawPlan = (made: Pipeline<Step> | Comparison, colors: Colors): string =>
  made.kind === 'pipeline'
    ? `${colors.bold(made.name)}\n${drawPipeline(made, colors)}`
    : `${colors.bold(made.name)}, ${Object.keys(made.rows).length} pipelines in turn\n${Object.entries(made.rows)
        .map(([label, row], index) => `\n${index + 1}. ${colors.bold(label)}\n${drawPipeline(row, colors)}`)
        .join('')}`

/** The same as data, for `--json`. */
export const planAsJson = (made: Pipeline<Step> | Comparison, seed: number): object =>
  made.kind === 'pipeline'
    ? planOf(made, seed)
    : {
        comparison: made.name,
        params: made.params,
        rows: Object.fromEntries(Object.entries(made.rows).map(([label, row]) => [label, planOf(row, seed)])),
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
