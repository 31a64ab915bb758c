import uPlot from 'uplot'
import { type ChartData, MOST_CURVES, makeChart } from './chart.js'
import { stepsOf } from './curves.js'
import { element } from './element.js'
import type { Run } from './runs.js'
import { shortOf } from './words.js'

/** The losses of several runs in one chart. */
export interface SideBySide {
  readonly node: HTMLElement
  /** @param runs in the order of the table: the first of them that have begun are drawn */
  readonly draw: (runs: readonly Run[]) => void
}

/** Nothing in it yet. */
export const makeSideBySide = (): SideBySide => {
  const title = `Loss of the first ${MOST_CURVES} runs in the table`
  const chart = makeChart({ title, scale: 'logarithmic', format: shortOf })
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

/** A point of one run may stand for more steps than one of another: each passes over the others' places. */
const lossesOf = (runs: readonly Run[]): ChartData => {
  const losses = runs.map((run) => ({ run, values: run.curves.get('loss') ?? [] }))
  const [x, ...series] = uPlot.join(losses.map(({ run, values }) => [[...stepsOf(run, values.length)], values]))
  return { x: [...x], series: runs.map(({ label }, i) => ({ name: label, values: [...(series[i] ?? [])] })) }
}
