import type { Summary } from '../dsl/run.js'
import { documentOf } from './document.js'
import { type Html, html } from './html.js'
import { tableOf } from './reportParts.js'
import { type Table, tableOfComparison } from './resultTable.js'
import { type Study, studyRows } from './study/study.js'
import { studyTable } from './study/studyTable.js'

/** A sweep as its folder tells it. */
export interface SweepRecord {
  readonly name: string
  readonly points: readonly {
    readonly label: string
    readonly params: Readonly<Record<string, number | string | boolean>>
    /** Where it is done. */
    readonly summary: Summary | undefined
    /** Its own report, from the sweep's folder on, where there is one. */
    readonly report: string | undefined
  }[]
  readonly study: Study | undefined
  /** What the figures were measured on, where the sweep is a study. */
  readonly caption: string | undefined
  /** Of a study, as SVG. */
  readonly pictures: readonly string[]
}

/** `report.html` of a sweep: its table, of a study its pictures, and a way to each point's report. */
export const sweepReport = ({ name, points, study, caption, pictures }: SweepRecord): string => {
  const done = points.flatMap((point) => (point.summary ? [{ ...point, summary: point.summary }] : []))
  const table = tableFrom(done, study)
  return documentOf(
    `${name}: report`,
    html`<header><h1>${name}</h1><p class="muted">${points.length} points, ${done.length} of them done</p></header>
${table && html`<section><h2>Side by side</h2>${tableOf('Side by side', table)}${caption === undefined ? undefined : html`<p class="quote">${caption}</p>`}</section>`}
${pictures.length > 0 ? html`<section><h2>Pictures</h2>${pictures.map(pictureOf)}</section>` : undefined}
<section><h2>Each point</h2><ul>${points.map(({ label, summary, report }) => html`<li>${report === undefined ? label : html`<a href="${report}">${label}</a>`}${summary ? '' : ', not finished'}</li>`)}</ul></section>`,
  )
}

const tableFrom = (
  done: readonly (SweepRecord['points'][number] & { readonly summary: Summary })[],
  study: Study | undefined,
): Table | undefined => {
  if (study) return done.length === 0 ? undefined : studyTable(studyRows(done, study))
  return tableOfComparison(Object.fromEntries(done.map(({ label, summary }) => [label, summary])))
}

const pictureOf = (svg: string): Html =>
  html`<figure><img class="picture" alt="${/aria-label="([^"]*)"/.exec(svg)?.[1] ?? 'Robust accuracy'}" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"></figure>`
