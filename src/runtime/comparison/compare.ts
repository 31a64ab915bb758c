import { rejectOption } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import { checkRunOptions } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'
import type { Comparison } from './comparison.js'
import { startComparison } from './startComparison.js'

/**
 * Runs several pipelines in turn and shows their figures in one table: a row `before`, from the first run, then a
 * row for each pipeline.
 *
 * @param rows the pipelines by the labels of their rows, in order
 *
 * @example
 * const atRate = (rate: number) =>
 *   pipeline('rates', mnist()).pipe(
 *     loadTeacher('teacher.pth', { architecture: 'mnistNet' }),
 *     distill(),
 *     admmMask({ pattern: 'irregular', rate }),
 *   )
 *
 * export default compare('rates', { '4×': atRate(4), '8×': atRate(8) })
 *
 * @throws OptionError for a comparison without rows
 */
export const compare = (name: string, rows: Readonly<Record<string, Pipeline<Step>>>): Comparison => {
  if (Object.keys(rows).length === 0) rejectOption('compare', 'at least one pipeline', 'none')
  return make(name, rows, {})
}

const make = (
  name: string,
  rows: Readonly<Record<string, Pipeline<Step>>>,
  params: Readonly<Record<string, unknown>>,
): Comparison => {
  const self: Comparison = {
    kind: 'comparison',
    name,
    params,
    rows,
    withParams: (others) =>
      make(
        name,
        Object.fromEntries(Object.entries(rows).map(([label, row]) => [label, row.withParams(others)])),
        others,
      ),
    run: (options = {}) => startComparison(self, checkRunOptions(options)),
  }
  return self
}
