import type { NetworkLatency } from '../../dsl/figures.js'
import { type Html, html, scrolling } from '../html/html.js'
import { latencyRows } from '../tables/latencyTable.js'

const bar = { width: 220, height: 8 }

/** Time by layer: two bars per layer, before and after shrinking, all on one scale. */
export const latencyChart = (latency: NetworkLatency): Html => {
  const rows = latencyRows(latency)
  const longest = Math.max(1e-12, ...rows.flatMap(({ before, after }) => [before ?? 0, after ?? 0]))
  const width = (seconds: number | undefined): string => (((seconds ?? 0) / longest) * bar.width).toFixed(1)
  const height = 2 * bar.height
  return scrolling(
    'Time by layer, as bars',
    html`<table><thead><tr><th scope="col">layer</th><th scope="col">before (grey) and after</th></tr></thead><tbody>${rows.map(
      ({ layer, before, after }) =>
        html`<tr><th scope="row">${layer}</th><td><svg class="chart" style="width:${bar.width}px" aria-hidden="true" viewBox="0 0 ${bar.width} ${height}"><rect class="rest" width="${width(before)}" height="${bar.height}" rx="2"/><rect class="bar" y="${bar.height}" width="${width(after)}" height="${bar.height}" rx="2"/></svg></td></tr>`,
    )}</tbody></table>`,
  )
}
