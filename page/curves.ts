import { middleStep } from '../src/report/figures/curves.js'
import { formatShort } from '../src/report/tables/format.js'
import { type ChartData, makeChart } from './chart.js'
import { element } from './element.js'
import type { Run } from './runs.js'

/** The charts of a run's curves. */
export interface CurvesView {
  readonly node: HTMLElement
  readonly draw: (run: Run) => void
}

const percent = (value: number): string => `${Number((100 * value).toFixed(1))} %`

/** The charts, empty. */
export const makeCurvesView = (): CurvesView => {
  const pictures = [
    { chart: makeChart({ title: 'Loss', scale: 'linear', format: formatShort }), data: lossData },
    {
      chart: makeChart({ title: 'Learning rate', scale: 'linear', format: formatShort }),
      data: curves(['learning rate']),
    },
    {
      chart: makeChart({ title: 'ADMM residuals', scale: 'logarithmic', format: formatShort, points: 'shown' }),
      data: residualData,
    },
    {
      chart: makeChart({ title: 'ADMM penalty ρ', scale: 'linear', format: formatShort, points: 'shown' }),
      data: rhoData,
    },
    {
      chart: makeChart({ title: 'Accuracy during training', scale: 'linear', format: percent, points: 'shown' }),
      data: accuracyData,
    },
    {
      chart: makeChart({ title: 'Seconds per step', scale: 'linear', format: formatShort }),
      data: curves(['seconds']),
    },
  ]
  const grid = element(
    'div',
    { class: 'charts' },
    pictures.map(({ chart }) => chart.node),
  )
  const node = element('section', {}, element('h2', {}, 'Training'), grid)
  return {
    node,
    draw: (run) => {
      node.hidden = run.curves.size === 0
      for (const { chart, data } of pictures) chart.draw(data(run))
    },
  }
}

/** The x of each point of a run's curves: the middle of the steps that it covers. */
export const stepsOf = ({ width }: Pick<Run, 'width'>, length: number): readonly number[] =>
  Array.from({ length }, (_, i) => middleStep({ width, from: 0 }, i))

const curves =
  (names: readonly string[]) =>
  (run: Run): ChartData => {
    const series = names.flatMap((name) => {
      const values = run.curves.get(name)
      return values ? [{ name: name.replace(/^term /, ''), values }] : []
    })
    const length = Math.max(0, ...series.map(({ values }) => values.length))
    return { x: stepsOf(run, length), series }
  }

const lossData = (run: Run): ChartData => {
  const terms = [...run.curves.keys()].filter((name) => name.startsWith('term '))
  return curves(terms.length > 1 ? ['loss', ...terms] : ['loss'])(run)
}

const updates = ({ facts }: Run) => facts?.admm ?? []

const residualData = (run: Run): ChartData => ({
  x: updates(run).map(({ step }) => step),
  series: [
    { name: 'primal ‖W − Z‖', values: updates(run).map(({ primal }) => primal) },
    // The first update has no Z before it.
    { name: 'dual ρ‖Z − Z before‖', values: updates(run).map(({ dual, epoch }) => (epoch === 0 ? null : dual)) },
  ],
})

const rhoData = (run: Run): ChartData => ({
  x: updates(run).map(({ step }) => step),
  series: [{ name: 'ρ', values: updates(run).map(({ rho }) => rho) }],
})

const accuracyData = ({ facts }: Run): ChartData => {
  const measured = (facts?.measured ?? []).filter(({ subject }) => subject === 'epoch')
  const names = [...new Set(measured.flatMap(({ accuracies }) => Object.keys(accuracies.attacks)))]
  return {
    x: measured.map(({ step }) => step),
    series: [
      { name: 'clean', values: measured.map(({ accuracies }) => accuracies.clean) },
      ...names.map((name) => ({ name, values: measured.map(({ accuracies }) => accuracies.attacks[name] ?? null) })),
    ],
  }
}
