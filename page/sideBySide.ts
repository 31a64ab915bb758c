import uPlot from 'uplot'
import { formatShort } from '../src/report/tables/format.js'
import { type ChartData, MOST_CURVES, makeChart } from './chart.js'
import { stepsOf } from './curves.js'
import { element } from './element.js'
import type { Run } from './runs.js'

/** The losses of several runs in one chart. */
export interface SideBySide {
  readonly node: HTMLElement
  /** @param runs in the order of the table; the first ones that have started are drawn */
  readonly draw: (runs: readonly Run[]) => void
}

/** The chart, empty. */
export const makeSideBySide = (): SideBySide => {
  const title = `Loss of the first ${MOST_CURVES} runs in the table`
  const chart = makeChart({ title, scale: 'logarithmic', format: formatShort })
  const node = element('section', {}, element('h2', {}, 'Side by side'), chart.node)
  return {
    node,
    draw: (runs) => {
      const drawn = runs.filter(({ curves }) => curves.has('loss')).slice(0, MOST_CURVES)
      node.hidden = drawn.length < 2
      if (!node.hidden) chart.draw(lossesOf(drawn))
    },
  }
}

/** Runs may differ in the number of steps that a point covers, so each curve skips the x of the others. */
const lossesOf = (runs: readonly Run[]): ChartData => {
  const losses = runs.map((run) => ({ run, values: run.curves.get('loss') ?? [] }))
  const [x, ...series] = uPlot.join(losses.map(({ run, values }) => [[...stepsOf(run, values.length)], values]))
  return { x: [...x], series: runs.map(({ label }, i) => ({ name: label, values: [...(series[i] ?? [])] })) }
}
