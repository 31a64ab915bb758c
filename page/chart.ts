import uPlot from 'uplot'
import { element, setAttribute, setText } from './element.js'

type Value = number | null | undefined

/** A chart's curves: x, and for each name y at each x. null is a gap; undefined is skipped without a gap. */
export interface ChartData {
  readonly x: readonly number[]
  readonly series: readonly { readonly name: string; readonly values: readonly Value[] }[]
}

/** A chart on the page. */
export interface Chart {
  readonly node: HTMLElement
  readonly draw: (data: ChartData) => void
}

const HEIGHT = 220

/** Largest number of curves in a chart, so that they can be distinguished; more are left out. */
export const MOST_CURVES = 6
const dashes: readonly (readonly number[])[] = [[], [6, 2], [2, 2], [8, 2, 2, 2], [1, 3], [10, 4]]

/** Options of {@link makeChart}. */
export interface ChartOptions {
  readonly title: string
  readonly scale: 'linear' | 'logarithmic'
  readonly format: (value: number) => string
  readonly points?: 'shown'
}

/** A chart with a legend of buttons. Each shows its curve's latest value, and hides or shows the curve. */
export const makeChart = ({ title, scale, format, points }: ChartOptions): Chart => {
  const plot = element('div', { class: 'plot', role: 'img', 'aria-label': title })
  const legend = element('ul', { class: 'legend' })
  const hidden = new Set<string>()
  const logarithmic = element('input', { type: 'checkbox', onchange: () => redraw() })
  logarithmic.checked = scale === 'logarithmic'
  const node = element(
    'figure',
    { class: 'card' },
    element('div', { class: 'head' }, element('h3', {}, title), element('label', {}, logarithmic, ' logarithmic')),
    plot,
    legend,
  )
  let drawn: uPlot | undefined
  let shape = ''
  let latest: ChartData = { x: [], series: [] }

  const make = (data: uPlot.AlignedData): uPlot => {
    const css = getComputedStyle(document.documentElement)
    const color = (name: string): string => css.getPropertyValue(`--${name}`).trim()
    const axis = {
      stroke: color('muted'),
      grid: { stroke: color('line'), width: 1 },
      ticks: { stroke: color('line'), width: 1 },
      font: '11px system-ui, sans-serif',
    }
    return new uPlot(
      {
        width: plot.clientWidth || 400,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { x: { time: false }, y: { distr: logarithmic.checked ? 3 : 1 } },
        axes: [
          axis,
          {
            ...axis,
            grid: { ...axis.grid, ...(logarithmic.checked ? { filter: powers } : {}) },
            size: 58,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
          },
        ],
        series: [
          {},
          ...latest.series.slice(0, MOST_CURVES).map(({ name }, i) => ({
            label: name,
            stroke: color(`s${i + 1}`),
            width: 1.6,
            dash: [...(dashes[i] ?? [])],
            show: !hidden.has(name),
            points: { show: points === 'shown', size: 5 },
          })),
        ],
      },
      data,
      plot,
    )
  }
  const redraw = (): void => {
    if (latest.x.length === 0 || plot.clientWidth === 0) return
    const curves = latest.series
      .slice(0, MOST_CURVES)
      .map(({ values }) => (logarithmic.checked ? values.map(positive) : values))
    const data = [latest.x, ...curves] as uPlot.AlignedData
    const wanted = JSON.stringify([logarithmic.checked, latest.series.map(({ name }) => name), [...hidden], theme()])
    if (drawn && wanted === shape) drawn.setData(data)
    else {
      drawn?.destroy()
      drawn = make(data)
      shape = wanted
    }
    const last = latest.series.map(({ name, values }) => ({ name, value: values.findLast((value) => value != null) }))
    setAttribute(
      plot,
      'aria-label',
      `${title}. ${last.map(({ name, value }) => `${name} ${shownOf(value)}`).join(', ')}`,
    )
    for (const [i, { name, value }] of last.slice(0, MOST_CURVES).entries()) {
      const { item, button, swatch, text } = entryOf(name)
      setAttribute(swatch, 'class', `swatch w${i + 1}`)
      setText(text, `${name} ${shownOf(value)}`)
      setAttribute(button, 'aria-pressed', String(!hidden.has(name)))
      if (legend.children[i] !== item) legend.insertBefore(item, legend.children[i] ?? null)
    }
    for (const [name, { item }] of entries)
      if (last.every((one) => one.name !== name)) {
        item.remove()
        entries.delete(name)
      }
  }
  const shownOf = (value: Value): string => (value == null ? '–' : format(value))
  const entries = new Map<string, ReturnType<typeof makeEntry>>()
  const makeEntry = (name: string) => {
    const swatch = element('span', { 'aria-hidden': 'true' })
    const text = document.createTextNode('')
    const button = element('button', { type: 'button', class: 'toggle', onclick: () => toggle(name) }, swatch, text)
    return { item: element('li', {}, button), button, swatch, text }
  }
  const entryOf = (name: string) => {
    const made = entries.get(name) ?? makeEntry(name)
    entries.set(name, made)
    return made
  }
  const toggle = (name: string): void => {
    if (!hidden.delete(name)) hidden.add(name)
    redraw()
  }
  new ResizeObserver(() => {
    if (drawn && plot.clientWidth > 0) drawn.setSize({ width: plot.clientWidth, height: HEIGHT })
    else redraw()
  }).observe(plot)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
  return {
    node,
    draw: (data) => {
      latest = data
      node.hidden = data.x.length === 0 || data.series.length === 0
      redraw()
    },
  }
}

/** Grid lines only at powers of ten: others would be too close to each other. */
const powers: uPlot.Axis.Filter = (_, splits) =>
  splits.map((split) => (Number.isInteger(Math.log10(split)) ? split : null))

/** Removes values that a logarithmic axis can't show. */
const positive = (value: Value): Value => (value == null || value > 0 ? value : null)

const theme = (): string => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
