import { isRight } from 'fp-ts/lib/Either.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import { tableOfComparison } from '../../report/tables/resultTable.js'
import type { ComparisonHandle } from '../../runtime/comparison/comparison.js'
import { drawTableFor } from '../draw/stackTable.js'
import type { Colors, WindowSize } from '../draw/terminal.js'
import type { Screen } from './screen.js'
import { showProgress } from './showProgress.js'

/** Lines of a window that are left for the progress of the run, above the table. */
const ABOVE = 4

/**
 * Shows the progress of a comparison: that of each run in turn, and live below it the rows of the table that are done.
 *
 * @param size the current window size
 */
export const showComparison = (
  { runs$ }: Pick<ComparisonHandle, 'runs$'>,
  screen: Screen,
  colors: Colors,
  size: () => WindowSize,
): void => {
  const rows: Record<string, Summary> = {}
  const soFar = (columns: number): string => {
    const table = tableOfComparison(rows)
    if (!table) return ''
    const drawn = drawTableFor(table, columns, colors)
    return drawn.split('\n').length > size().rows - ABOVE ? '' : `\n\n${drawn.trimEnd()}`
  }
  const withTable: Screen = {
    ...screen,
    live: (draw) => screen.live((columns) => `${draw(columns)}${soFar(columns)}`),
  }
  const shown = new Set<string>()
  runs$.subscribe(({ label, index, count, run }) => {
    if (index > 0) screen.line('')
    screen.line(colors.bold(`${index + 1}/${count} ${label}`))
    showProgress(run, withTable, colors, shown)
    void run.result.then((ended) => {
      if (isRight(ended)) rows[label] = ended.right
    })
  })
}
