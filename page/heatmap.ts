import type { LayerWeights } from '../src/dsl/figures.js'
import type { WeightsAt } from '../src/report/figures/runView.js'
import { element, setAttribute } from './element.js'

/** A layer's weights over time: one column per epoch, a histogram from the largest (top) to the smallest (bottom). */
export interface Heatmap {
  readonly node: HTMLElement
  readonly draw: (weights: readonly WeightsAt[]) => void
}

const ROWS = 66

/** An empty heatmap. @param name of the layer */
export const makeHeatmap = (name: string): Heatmap => {
  const canvas = element('canvas', { class: 'heatmap', role: 'img', height: ROWS })
  const caption = element('figcaption', { class: 'muted' })
  const node = element('figure', {}, element('h3', {}, name), canvas, caption)
  let drawn = ''

  const draw = (weights: readonly WeightsAt[]): void => {
    const columns = weights.flatMap(({ layers }) => layers.find((layer) => layer.name === name) ?? [])
    const bound = Math.max(...columns.map((column) => column.bound))
    node.hidden = columns.length === 0 || bound === 0
    const ink = getComputedStyle(document.documentElement).getPropertyValue('--s1').trim()
    const key = JSON.stringify([columns.length, columns.at(-1), ink])
    if (key === drawn || node.hidden) return
    drawn = key
    canvas.width = columns.length
    const context = canvas.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, canvas.width, ROWS)
    context.fillStyle = ink
    for (const [x, column] of columns.entries()) drawColumn(context, x, column, bound)
    const text = `non-zero weights over ${columns.length} epochs, −${bound.toPrecision(2)} … ${bound.toPrecision(2)}`
    caption.textContent = text
    setAttribute(canvas, 'aria-label', `${name}: ${text}`)
  }
  return { node, draw }
}

/** Darker means more weights, by the square root, so that a few large ones are visible too. */
const drawColumn = (context: CanvasRenderingContext2D, x: number, column: LayerWeights, bound: number): void => {
  const { histogram } = column
  const highest = Math.max(...histogram)
  if (highest === 0) return
  for (let y = 0; y < ROWS; y++) {
    const value = bound * (1 - (2 * y + 1) / ROWS)
    if (Math.abs(value) > column.bound) continue
    const bin = Math.min(histogram.length - 1, Math.floor(((value / column.bound + 1) / 2) * histogram.length))
    context.globalAlpha = Math.sqrt((histogram[bin] ?? 0) / highest)
    context.fillRect(x, y, 1, 1)
  }
}
