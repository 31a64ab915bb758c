import { scaleLinear } from 'd3-scale'
import { drawing, shape } from './svg.js'

/** Grouped bars: one group per name, with one bar per series. */
export interface BarData {
  readonly names: readonly string[]
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
  /** The range of the axis; values outside it are clipped. */
  readonly domain: readonly [number, number]
  readonly format: (value: number) => string
}

const WIDTH = 560
const LEFT = 50
const TOP = 8
const BOTTOM = 24

/** A bar chart. @param title describes it for screen readers */
export const bars = (title: string, height = 200) => {
  const { node, draw } = drawing(WIDTH, height)
  return {
    node,
    draw: ({ names, series, domain, format }: BarData): void => {
      const y = scaleLinear()
        .domain([...domain])
        .range([height - BOTTOM, TOP])
      const group = (WIDTH - LEFT) / names.length
      const width = (group * 0.8) / series.length
      const ticks = y
        .ticks(4)
        .flatMap((tick) => [
          shape('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: y(tick), y2: y(tick) }),
          shape('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, format(tick)),
        ])
      const columns = names.flatMap((name, i) => [
        ...series.map(({ values }, s) => {
          const value = Math.min(domain[1], Math.max(domain[0], values[i] ?? 0))
          const x = LEFT + i * group + group * 0.1 + s * width
          const top = Math.min(y(0), y(value))
          return shape('rect', {
            class: `f${s + 1}`,
            x,
            y: top,
            width: width * 0.92,
            height: Math.abs(y(value) - y(0)),
          })
        }),
        shape('text', { x: LEFT + (i + 0.5) * group, y: height - 7, 'text-anchor': 'middle' }, name),
      ])
      const said = series.map(
        (one) => `${one.name}: ${names.map((name, i) => `${name} ${format(one.values[i] ?? 0)}`).join(', ')}`,
      )
      draw(`${title}. ${said.join('. ')}.`, ...ticks, ...columns)
    },
  }
}

/** The legend of a bar chart: a colour and a name per series. */
export const legend = (names: readonly string[]): HTMLElement => {
  const list = document.createElement('ul')
  list.className = 'legend'
  for (const [i, name] of names.entries()) {
    const key = shape('svg', { viewBox: '0 0 22 8', 'aria-hidden': 'true' })
    key.append(shape('rect', { class: `f${i + 1}`, width: 14, height: 8 }))
    const item = document.createElement('li')
    item.append(key, name)
    list.append(item)
  }
  return list
}
