import type { Summary } from '../../dsl/pipeline/run.js'
import { middleStep } from '../figures/curves.js'
import type { ComparisonRecord, RunRecord } from '../figures/runRecord.js'
import { documentOf } from '../html/document.js'
import { type Html, html } from '../html/html.js'
import { lineChart, type Series } from '../html/lineChart.js'
import { attackSettings, settingsOf } from '../tables/attackSettings.js'
import { quoteOf } from '../tables/quote.js'
import { tableOfComparison } from '../tables/resultTable.js'
import { facts, tableOf } from './reportParts.js'

/**
 * `report.html` of several runs: their figures in one table, their losses in one chart, a link to each run's report.
 */
export const comparisonReport = ({ name, params, rows }: ComparisonRecord): string => {
  const records = rows.flatMap(({ record }) => record ?? [])
  const finished = rows.flatMap(({ label, record }): [string, Summary][] =>
    record?.summary ? [[label, record.summary]] : [],
  )
  const table = tableOfComparison(Object.fromEntries(finished))
  const quotes = records.flatMap((record) => quoteOf(record) ?? [])
  const [first] = records
  return documentOf(
    `${name}: report`,
    html`<header><h1>${name}</h1><p class="muted">${rows.length} runs, ${finished.length} finished</p></header>
${table && html`<section><h2>Side by side</h2>${tableOf('Side by side', table)}</section>`}
<section><h2>Runs</h2><ul>${rows.map(({ label, folder, record }) => html`<li>${record?.summary ? html`<a href="${encodeURIComponent(folder)}/report.html">${label}</a>` : html`${label}, not finished`}</li>`)}</ul></section>
${lossesOf(rows)}
${quotes.length > 0 ? html`<section><h2>What to quote</h2>${quotes.map((quote) => html`<p class="quote">${quote}</p>`)}</section>` : undefined}
<section><h2>Common settings</h2>${facts('Common settings', [
      ...(Object.keys(params).length === 0 ? [] : [['parameters', settingsOf(params)] as const]),
      ...(first ? attackSettings(first.plan).map((attack) => [attack.name, attack.settings] as const) : []),
    ])}</section>`,
  )
}

const lossesOf = (rows: ComparisonRecord['rows']): Html | undefined => {
  const series = rows.flatMap(({ label, record }) => (record ? seriesOf(label, record) : []))
  return series.length === 0
    ? undefined
    : html`<section><h2>Losses</h2><div class="charts">${lineChart({ title: 'Loss', across: 'training step', series })}</div></section>`
}

const seriesOf = (name: string, { figures }: RunRecord): Series[] => {
  const points = figures.curves.all()
  const { loss } = points.columns
  return loss ? [{ name, points: loss.map((value, i) => [middleStep(points, i), value]) }] : []
}
