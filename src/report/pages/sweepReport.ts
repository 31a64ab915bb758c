import { unescapeXml } from '../../dsl/kit/xml.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import { documentOf } from '../html/document.js'
import { type Html, html } from '../html/html.js'
import { type SearchSummary, searchTable } from '../study/searchTable.js'
import { type Study, studyRows } from '../study/study.js'
import { studyTable } from '../study/studyTable.js'
import { type Table, tableOfComparison } from '../tables/resultTable.js'
import { tableOf } from './reportParts.js'

/** A sweep, read from its folder. */
export interface SweepRecord {
  readonly name: string
  readonly points: readonly {
    readonly label: string
    readonly params: Readonly<Record<string, number | string | boolean>>
    /** Undefined if the point is not finished. */
    readonly summary: Summary | undefined
    /** Why a search has stopped it, and where; undefined for any other point. */
    readonly stopped?: string | undefined
    /** Path of its report relative to the sweep's folder; undefined if the point has no report. */
    readonly report: string | undefined
  }[]
  readonly study: Study | undefined
  /** The points of a search, ranked. */
  readonly search?: SearchSummary | undefined
  /** What the figures of a study were measured on; undefined if the sweep is not a study. */
  readonly caption: string | undefined
  /** The plots of a study, as SVG. */
  readonly pictures: readonly string[]
}

/** `report.html` of a sweep: its table, the plots of a study, and a link to each point's report. */
export const sweepReport = ({ name, points, study, search, caption, pictures }: SweepRecord): string => {
  const done = points.flatMap((point) => (point.summary ? [{ ...point, summary: point.summary }] : []))
  const table = tableFrom(done, study)
  return documentOf(
    `${name}: report`,
    html`<header><h1>${name}</h1><p class="muted">${points.length} points, ${done.length} finished</p></header>
${search && html`<section><h2>Ranking</h2>${tableOf('Ranking', searchTable(search))}<p class="quote">${search.notes.join(' ')}</p></section>`}
${table && html`<section><h2>Side by side</h2>${tableOf('Side by side', table)}${caption === undefined ? undefined : html`<p class="quote">${caption}</p>`}</section>`}
${pictures.length > 0 ? html`<section><h2>Plots</h2>${pictures.map(pictureOf)}</section>` : undefined}
<section><h2>Points</h2><ul>${points.map(({ label, summary, stopped, report }) => html`<li>${report === undefined ? label : html`<a href="${report}">${label}</a>`}${summary ? '' : stopped === undefined ? ', not finished' : `, stopped ${stopped}`}</li>`)}</ul></section>`,
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
  html`<figure><img class="picture" alt="${unescapeXml(/aria-label="([^"]*)"/.exec(svg)?.[1] ?? 'Robust accuracy')}" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"></figure>`
