import { scaleLinear, scaleLog } from 'd3-scale'
import { formatCount, formatShort } from '../tables/format.js'
import { type Html, html } from './html.js'

/** A curve: its name and its points; a y of null is a gap. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number | null])[]
}

/** What a line chart shows. */
export interface LineChart {
  readonly title: string
  /** Label of the x axis: `training step`. */
  readonly across: string
  readonly series: readonly Series[]
  /** Formats a value of y. @default four significant digits */
  readonly format?: (value: number) => string
  /** Also draws a dot at each point: for curves of few points. */
  readonly marks?: 'dots'
  /** A range of y that is always included. @default only the curves' own range, on a logarithmic axis if it is wide */
  readonly domain?: readonly [number, number]
}

const size = { width: 460, height: 230, left: 52, right: 10, top: 8, bottom: 34 }
const STYLES = 6

/**
 * Draws curves in one SVG figure with axes and a legend. The y axis is logarithmic if all values are positive, the
 * largest is more than 30 times the smallest, and `domain` is not set. At most six curves are drawn.
 */
export const lineChart = (chart: LineChart): Html => {
  const { title, across, marks } = chart
  const series = chart.series.filter(({ points }) => points.some(([, y]) => y !== null)).slice(0, STYLES)
  const format = chart.format ?? formatShort
  const xs = series.flatMap(({ points }) => points.map(([x]) => x))
  const x = scaleLinear()
    .domain(widened(least(xs), most(xs)))
    .range([size.left, size.width - size.right])
  const { at: y, ticks } = verticalScale(series, chart.domain)
  return html`<figure><h3>${title}</h3>
<svg class="chart" role="img" aria-label="${chartDescription(chart, series, format)}" viewBox="0 0 ${size.width} ${size.height}">
${ticks.map(
  (tick) =>
    html`<line class="grid" x1="${size.left}" x2="${size.width - size.right}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/><text text-anchor="end" x="${size.left - 6}" y="${fixed(y(tick) + 4)}">${format(tick)}</text>`,
)}
${x
  .ticks(6)
  .filter(Number.isInteger)
  .map(
    (tick) =>
      html`<text text-anchor="middle" x="${fixed(x(tick))}" y="${size.height - size.bottom + 16}">${formatCount(tick)}</text>`,
  )}
<text text-anchor="middle" x="${(size.left + size.width - size.right) / 2}" y="${size.height - 4}">${across}</text>
${series.map(
  ({ points }, i) =>
    html`<path class="curve s${i + 1}" d="${pathOf(points, x, y)}"/>${marks ? points.map(([px, py]) => (py === null ? undefined : html`<circle class="f${i + 1}" r="3" cx="${fixed(x(px))}" cy="${fixed(y(py))}"/>`)) : undefined}`,
)}
</svg>
${series.length < 2 ? undefined : legend(series)}</figure>`
}

type Scale = (value: number) => number

const verticalScale = (series: readonly Series[], domain: LineChart['domain']) => {
  const values = series.flatMap(({ points }) => points.flatMap(([, y]) => (y === null ? [] : [y])))
  const [low, high] = [least([...values, ...(domain ?? [])]), most([...values, ...(domain ?? [])])]
  const range = [size.height - size.bottom, size.top]
  if (domain === undefined && low > 0 && high / low > 30) {
    const scale = scaleLog().domain([low, high]).range(range)
    const ticks = scale.ticks(30)
    const whole = ticks.filter((tick) => Number.isInteger(Math.log10(tick)))
    return { at: scale, ticks: whole.length > 1 ? whole : ticks.filter((tick) => /^[125]/.test(tick.toExponential())) }
  }
  const scale = scaleLinear().domain(widened(low, high)).nice(5).range(range)
  return { at: scale, ticks: scale.ticks(5) }
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)

/** A range of positive length. */
const widened = (low: number, high: number): [number, number] => (low < high ? [low, high] : [low - 0.5, high + 0.5])

const pathOf = (points: Series['points'], x: Scale, y: Scale): string => {
  let pen = 'M'
  return points
    .map(([px, py]) => {
      if (py === null) {
        pen = 'M'
        return ''
      }
      const part = `${pen}${fixed(x(px))} ${fixed(y(py))}`
      pen = 'L'
      return part
    })
    .join('')
}

const legend = (series: readonly Series[]): Html =>
  html`<ul class="legend">${series.map(({ name }, i) => html`<li><svg viewBox="0 0 22 8" aria-hidden="true"><path class="curve chart s${i + 1}" d="M0 4H22" fill="none" stroke-width="2"/></svg>${name}</li>`)}</ul>`

/** A description of the chart for screen readers. */
const chartDescription = (
  { title, across }: LineChart,
  series: readonly Series[],
  format: (value: number) => string,
): string =>
  `${title} by ${across}. ${series
    .map(({ name, points }) => {
      const values = points.flatMap(([, y]) => (y === null ? [] : [y]))
      const [first = 0, last = 0] = [values[0], values.at(-1)]
      return `${name}: from ${format(first)} to ${format(last)}, lowest ${format(least(values))}, highest ${format(most(values))}.`
    })
    .join(' ')}`

const fixed = (value: number): string => String(Math.round(value * 10) / 10)
