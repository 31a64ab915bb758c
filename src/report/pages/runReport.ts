import { given } from '../../dsl/kit/given.js'
import { unescapeXml } from '../../dsl/kit/xml.js'
import { type CurvePoints, middleStep, ownMetrics } from '../figures/curves.js'
import type { RunRecord } from '../figures/runRecord.js'
import type { RunFacts } from '../figures/runView.js'
import { documentOf } from '../html/document.js'
import { type Html, html } from '../html/html.js'
import { type LineChart, lineChart, type Series } from '../html/lineChart.js'
import { certificateTable } from '../tables/certificateTable.js'
import { deviceTable } from '../tables/deviceTable.js'
import { formatCount, formatPercent } from '../tables/format.js'
import { latencyTable } from '../tables/latencyTable.js'
import { quoteOf } from '../tables/quote.js'
import { tableOfRun } from '../tables/resultTable.js'
import { sizeTable } from '../tables/sizeTable.js'
import { latencyChart } from './latencyChart.js'
import { histograms, sparsityTable } from './layerCharts.js'
import { attackTable, environmentTable, planTable, tableOf, tiles, timeTable } from './reportParts.js'

/** `report.html` of a run, finished or not: one self-contained page that opens from disk and can be printed. */
export const runReport = (record: RunRecord): string => {
  const { plan, summary, figures, pictures } = record
  const facts = figures.facts()
  const accuracies = summary ?? measuredSoFar(facts)
  const table = tableOfRun(accuracies)
  const layers = figures.weights().at(-1)?.layers
  const quote = quoteOf(record)
  return documentOf(
    `${plan.pipeline}: report`,
    html`<header><h1>${plan.pipeline} ${stateBadge(facts)}</h1><p class="muted">${dataLine(facts, plan.source.name)}</p></header>
${summary && tiles(summary)}
${section('What to quote', quote && html`<p class="quote">${quote}</p><p class="muted">${caution(facts)}</p>`)}
${section('Before and after', table && html`${tableOf('Before and after', table)}${attackTable(plan, accuracies)}`)}
${section('Certified', summary?.certificates && tableOf('Certified', certificateTable(summary.certificates)))}
${section('Adversarial examples', pictures.size === 0 ? undefined : [...pictures].map(([name, svg]) => picture(name, svg)))}
${section('Training', charts(figures.curves.all(), facts))}
${section('Sparsity by layer', layers && html`${sparsityTable(layers)}<h3 style="margin-top:1.25rem">Remaining weights</h3>${histograms(layers)}`)}
${section('Size by layer', summary?.sizes && tableOf('Size by layer', sizeTable(summary.sizes)))}
${section('Time by layer', summary?.latency && html`${latencyChart(summary.latency)}${tableOf('Time by layer', latencyTable(summary.latency))}`)}
${section('On a device', summary?.devices && tableOf('On a device', deviceTable(summary.devices)))}
${section('Time', summary && timeTable(summary))}
${section('Warnings', facts.warnings.length === 0 ? undefined : html`<ul>${facts.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`)}
${section('Plan', planTable(plan))}
${section('Environment', environmentTable(facts))}
${section('Files', facts.artifacts.length === 0 ? undefined : html`<ul>${facts.artifacts.map((file) => html`<li><a href="${hrefOf(file)}">${file}</a></li>`)}</ul>`)}
<footer>Each accuracy is the share of test images that are classified correctly: without an attack (clean), or under the named attack.</footer>`,
  )
}

const section = (title: string, body: Html | readonly Html[] | '' | undefined): Html | undefined =>
  body === undefined || body === '' ? undefined : html`<section><h2>${title}</h2>${body}</section>`

/** The figures so far of a run that is not finished. */
const measuredSoFar = ({ measured }: RunFacts) => {
  const of = (wanted: 'before' | 'after') => measured.findLast(({ subject }) => subject === wanted)?.accuracies
  return { ...given({ before: of('before'), after: of('after') }), seconds: { total: Number.NaN } }
}

const stateBadge = ({ state }: RunFacts): Html =>
  html`<span class="badge ${state}">${state === 'stopped' ? 'not finished' : state}</span>`

const dataLine = ({ data }: RunFacts, source: string): string => {
  if (!data) return source
  const altered = { original: '', synthetic: ', synthetic', recompressed: ', recompressed' }[data.origin]
  return `${data.name}${altered}: ${formatCount(data.train)} training and ${formatCount(data.test)} test images`
}

const caution = ({ data }: RunFacts): string =>
  [
    'Compare robust accuracies only for the same test images, norm and ε, and for attacks of the same strength. AutoAttack is the reference; PGD and FGSM alone overestimate the robustness of a pruned network.',
    ...(data?.origin === 'synthetic'
      ? ['These images are synthetic: compare these figures with other runs on them, not with published results.']
      : []),
    ...(data?.origin === 'recompressed'
      ? ['These images are recompressed: figures on the original data set differ.']
      : []),
  ].join(' ')

const picture = (name: string, svg: string): Html =>
  html`<figure><img class="picture" alt="${altOf(svg)}" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"><figcaption class="muted">${name}</figcaption></figure>`

/** The picture's own description. */
const altOf = (svg: string): string => {
  const description = /<desc>([^<]*)<\/desc>/.exec(svg)?.[1]
  return description === undefined ? 'Adversarial examples' : unescapeXml(description)
}

const hrefOf = (file: string): string => file.split(/[\\/]/).map(encodeURIComponent).join('/')

const charts = (points: CurvePoints, facts: RunFacts): Html | undefined => {
  const drawn = [
    lossChart(points),
    curveChart(points, 'Learning rate', ['learning rate'], fromZero),
    ...admmCharts(facts),
    accuracyChart(facts),
    curveChart(points, 'Seconds per step', ['seconds'], fromZero),
    ...ownMetrics(points).map((name) => curveChart(points, name.replace(/^metric /, ''), [name])),
    ...ownCharts(facts),
  ].filter((chart) => chart !== undefined)
  return drawn.length === 0 ? undefined : html`<div class="charts">${drawn}</div>`
}

const lossChart = (points: CurvePoints): Html | undefined => {
  const terms = Object.keys(points.columns).filter((name) => name.startsWith('term '))
  return curveChart(points, 'Loss', terms.length > 1 ? ['loss', ...terms] : ['loss'])
}

const fromZero = { domain: [0, 0] } as const

const curveChart = (
  points: CurvePoints,
  title: string,
  names: readonly string[],
  more: Pick<LineChart, 'domain'> = {},
): Html | undefined => {
  const series = names.flatMap((name): Series[] => {
    const values = points.columns[name]
    if (!values) return []
    return [
      { name: name.replace(/^(term|metric) /, ''), points: values.map((value, i) => [middleStep(points, i), value]) },
    ]
  })
  return series.length === 0 ? undefined : lineChart({ title, across: 'training step', series, ...more })
}

const admmCharts = ({ admm }: RunFacts): readonly Html[] => {
  if (admm.length === 0) return []
  const seriesOf = (name: string, value: (update: RunFacts['admm'][number]) => number | null): Series => ({
    name,
    points: admm.map((update) => [update.step, value(update)]),
  })
  const residuals = [
    seriesOf('primal ‖W − Z‖', ({ primal }) => primal),
    // The first update has no Z before it.
    seriesOf('dual ρ‖Z − Z before‖', ({ dual, epoch }) => (epoch === 0 ? null : dual)),
  ]
  const common = { across: 'training step', marks: 'dots' } as const
  return [
    lineChart({ ...common, title: 'ADMM residuals', series: residuals }),
    lineChart({ ...common, title: 'ADMM penalty ρ', series: [seriesOf('ρ', ({ rho }) => rho)] }),
  ]
}

/** Figures by name that a stage of the user's own reported, a chart for each name of an event. */
const ownCharts = ({ own }: RunFacts): readonly Html[] =>
  [...new Set(own.map(({ name }) => name))].map((title) => {
    const events = own.filter(({ name }) => name === title)
    const names = [...new Set(events.flatMap(({ values }) => Object.keys(values)))]
    const series = names.map(
      (name): Series => ({ name, points: events.map(({ step, values }) => [step, values[name] ?? null]) }),
    )
    return lineChart({ title, across: 'training step', series, marks: 'dots' })
  })

const accuracyChart = ({ measured }: RunFacts): Html | undefined => {
  const measures = measured.filter(({ subject }) => subject === 'epoch')
  if (measures.length === 0) return undefined
  const names = ['clean', ...new Set(measures.flatMap(({ accuracies }) => Object.keys(accuracies.attacks)))]
  const series = names.map(
    (name): Series => ({
      name,
      points: measures.map(({ step, accuracies }) => [
        step,
        name === 'clean' ? accuracies.clean : (accuracies.attacks[name] ?? null),
      ]),
    }),
  )
  const format = (value: number): string => formatPercent(value).replace('.0 %', ' %')
  return lineChart({
    title: 'Accuracy during training',
    across: 'training step',
    series,
    marks: 'dots',
    domain: [0, 1],
    format,
  })
}
