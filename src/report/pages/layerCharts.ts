import type { LayerWeights } from '../../dsl/figures.js'
import { type Html, html, scrolling } from '../html/html.js'
import { formatCount, formatPercent } from '../tables/format.js'

/** Sparsity by layer: a bar per layer with its numbers. */
export const sparsityTable = (layers: readonly LayerWeights[]): Html =>
  scrolling(
    'Sparsity by layer',
    html`<table><thead><tr><th scope="col">layer</th><th scope="col">zeros</th><th scope="col" class="number">share</th><th scope="col" class="number">weights</th><th scope="col" class="number">kept</th></tr></thead><tbody>${layers.map(sparsityRow)}</tbody></table>`,
  )

const bar = { width: 220, height: 14 }

const sparsityRow = ({ name, size, zeros }: LayerWeights): Html => {
  const share = size === 0 ? 0 : zeros / size
  return html`<tr><th scope="row">${name}</th><td><svg class="chart" style="width:${bar.width}px" aria-hidden="true" viewBox="0 0 ${bar.width} ${bar.height}"><rect class="rest" width="${bar.width}" height="${bar.height}" rx="2"/><rect class="bar" width="${(share * bar.width).toFixed(1)}" height="${bar.height}" rx="2"/></svg></td><td class="number">${formatPercent(share)}</td><td class="number">${formatCount(size)}</td><td class="number">${formatCount(size - zeros)}</td></tr>`
}

const plot = { width: 200, height: 84, base: 66 }

/** A small histogram of each layer's non-zero weights. */
export const histograms = (layers: readonly LayerWeights[]): Html =>
  html`<div class="histograms">${layers.filter(({ bound }) => bound > 0).map(histogramOf)}</div>`

const histogramOf = ({ name, bound, histogram }: LayerWeights): Html => {
  const highest = Math.max(...histogram, 1e-9)
  const width = plot.width / histogram.length
  const edge = bound.toPrecision(2)
  return html`<figure><h3>${name}</h3><svg class="chart" role="img" aria-label="Non-zero weights of ${name}, from -${edge} to ${edge}" viewBox="0 0 ${plot.width} ${plot.height}">
${histogram.map((share, i) => {
  const height = (share / highest) * plot.base
  return html`<rect class="bar" x="${(i * width).toFixed(1)}" y="${(plot.base - height).toFixed(1)}" width="${(width - 0.5).toFixed(1)}" height="${height.toFixed(1)}"/>`
})}
<line class="grid" x1="0" x2="${plot.width}" y1="${plot.base}" y2="${plot.base}"/><text x="0" y="${plot.height - 3}">-${edge}</text><text text-anchor="middle" x="${plot.width / 2}" y="${plot.height - 3}">0</text><text text-anchor="end" x="${plot.width}" y="${plot.height - 3}">${edge}</text></svg></figure>`
}
