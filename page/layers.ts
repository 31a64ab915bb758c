import type { WeightsAt } from '../src/report/figures/runView.js'
import { formatCount, formatPercent } from '../src/report/tables/format.js'
import { element, refill } from './element.js'
import { type Heatmap, makeHeatmap } from './heatmap.js'

/** Sparsity by layer, and the layers' weights over time. */
export interface LayersView {
  readonly node: HTMLElement
  readonly draw: (weights: readonly WeightsAt[]) => void
}

/** The view, empty. */
export const makeLayersView = (): LayersView => {
  const bars = element('tbody')
  const maps = element('div', { class: 'histograms' })
  const heatmaps = new Map<string, Heatmap>()
  const columns = ['layer', 'zeros', 'share', 'kept', 'weights']
  const node = element(
    'section',
    {},
    element('h2', {}, 'Sparsity by layer'),
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Sparsity by layer' },
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            columns.map((title, i) => element('th', { scope: 'col', class: i > 1 ? 'number' : '' }, title)),
          ),
        ),
        bars,
      ),
    ),
    element('h2', {}, 'Weights over time'),
    maps,
  )
  const heatmapOf = (name: string): Heatmap => {
    const known = heatmaps.get(name)
    if (known) return known
    const made = makeHeatmap(name)
    heatmaps.set(name, made)
    maps.appendChild(made.node)
    return made
  }
  return {
    node,
    draw: (weights) => {
      const layers = weights.at(-1)?.layers ?? []
      node.hidden = layers.length === 0
      const rows = layers.map(({ name, size, zeros }) => ({ name, size, zeros }))
      refill(bars, rows, () =>
        rows.map(({ name, size, zeros }) => {
          const share = zeros / Math.max(1, size)
          const bar = element('span', { class: 'fill' })
          bar.style.width = `${(100 * share).toFixed(1)}%`
          return element(
            'tr',
            {},
            element('th', { scope: 'row' }, name),
            element('td', {}, element('div', { class: 'meter', 'aria-hidden': 'true' }, bar)),
            [formatPercent(share), formatCount(size - zeros), formatCount(size)].map((text) =>
              element('td', { class: 'number' }, text),
            ),
          )
        }),
      )
      for (const { name } of layers) heatmapOf(name).draw(weights)
    },
  }
}
