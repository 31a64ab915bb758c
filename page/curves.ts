import { middleStep, ownMetrics } from '../src/report/figures/curves.js'
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
  const owns = new Map<string, ReturnType<typeof makeChart>>()
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
      const own = ownData(run)
      for (const title of own.keys())
        if (!owns.has(title)) {
          const chart = makeChart({ title, scale: 'linear', format: formatShort })
          owns.set(title, chart)
          grid.append(chart.node)
        }
      // A chart that this run has no figures for is drawn without curves, which hides it.
      for (const [title, chart] of owns) chart.draw(own.get(title) ?? { x: [], series: [] })
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
      return values ? [{ name: name.replace(/^(term|metric) /, ''), values }] : []
    })
    const length = Math.max(0, ...series.map(({ values }) => values.length))
    return { x: stepsOf(run, length), series }
  }

const lossData = (run: Run): ChartData => {
  const terms = [...run.curves.keys()].filter((name) => name.startsWith('term '))
  return curves(terms.length > 1 ? ['loss', ...terms] : ['loss'])(run)
}

/** Figures of the user's own, by the titles of their charts: a chart for each metric, and for each name of an event. */
const ownData = (run: Run): ReadonlyMap<string, ChartData> => {
  const metrics = ownMetrics({ columns: Object.fromEntries(run.curves) })
  const reported = run.facts?.own ?? []
  return new Map([
    ...metrics.map((name): [string, ChartData] => [name.replace(/^metric /, ''), curves([name])(run)]),
    ...[...new Set(reported.map(({ name }) => name))].map((title): [string, ChartData] => {
      const events = reported.filter(({ name }) => name === title)
      const names = [...new Set(events.flatMap(({ values }) => Object.keys(values)))]
      const series = names.map((name) => ({ name, values: events.map(({ values }) => values[name] ?? null) }))
      return [title, { x: events.map(({ step }) => step), series }]
    }),
  ])
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
