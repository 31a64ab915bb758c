import { dot, line, type Markish, ruleX, ruleY, text } from '@observablehq/plot'
import { drawPlot } from './drawPlot.js'
import type { Study, StudyRow } from './study.js'

/** A row as a dot in a picture. */
interface Dot {
  readonly method: string
  readonly across: number
  readonly robust: number
  readonly low: number
  readonly high: number
  readonly seconds: number | undefined
}

/** Height of a line of the legend, pixels. */
const LINE = 18
const LEGEND = 190

/** A study's pictures as SVG, by the names of their files; only those that have something to show. */
export const studyPlots = (rows: readonly StudyRow[], study: Study): Readonly<Record<string, string>> => {
  const attack = rows.flatMap(({ attacks }) => Object.keys(attacks))[0]
  if (attack === undefined) return {}
  // Other parameters, such as the teacher, tell lines apart where they differ.
  const telling = [...new Set(rows.flatMap(({ params }) => Object.keys(params)))].filter(
    (name) =>
      name === study.method || (name !== study.across && new Set(rows.map(({ params }) => params[name])).size > 1),
  )
  const dots = rows.flatMap((row) => dotOf(row, attack, study, telling) ?? [])
  const timed = dots.filter(({ seconds }) => seconds !== undefined)
  const methods = [...new Set(dots.map(({ method }) => method))]
  return {
    ...(dots.length > 0 ? { [`robust-by-${study.across}.svg`]: byRate(dots, methods, attack, study) } : {}),
    ...(timed.length > 0 ? { 'robust-by-time.svg': byTime(timed, methods, attack, study) } : {}),
  }
}

const dotOf = (
  { params, attacks, trainingSeconds }: StudyRow,
  attack: string,
  study: Study,
  telling: readonly string[],
): Dot | undefined => {
  const robust = attacks[attack]
  const across = params[study.across]
  if (!robust || typeof across !== 'number') return undefined
  const { mean, deviation = 0 } = robust
  return {
    method: telling.map((name) => String(params[name])).join(', '),
    across,
    robust: mean,
    low: mean - deviation,
    high: mean + deviation,
    seconds: trainingSeconds?.mean,
  }
}

const byRate = (dots: readonly Dot[], methods: readonly string[], attack: string, { across }: Study): string => {
  const ticks = valuesOf(dots)
  // What nobody trained has no rate of its own: a level that the others are seen against.
  const level = ({ seconds }: Dot): boolean => ticks.length > 1 && seconds === undefined
  const curves = dots.filter((one) => !level(one))
  const levels = dots.filter(level)
  return drawPlot({
    ...frame(methods, 480),
    x: { type: 'log', ticks, tickFormat: String, label: across, labelAnchor: 'center' },
    y: robustness(attack),
    ...styles(methods),
    marks: [
      ruleY(levels, { y: 'robust', stroke: 'method', strokeDasharray: '5,4' }),
      line(curves, { x: 'across', y: 'robust', stroke: 'method', sort: 'across', z: 'method' }),
      ruleX(curves, { x: 'across', y1: 'low', y2: 'high', stroke: 'method' }),
      dot(curves, { x: 'across', y: 'robust', fill: 'method', symbol: 'method', r: 4 }),
      ...legend(methods),
    ],
  })
}

const byTime = (dots: readonly Dot[], methods: readonly string[], attack: string, { across }: Study): string => {
  const facets = valuesOf(dots)
  return drawPlot({
    ...frame(methods, Math.max(480, 230 * facets.length)),
    x: {
      type: 'log',
      label: 'seconds of training',
      labelAnchor: 'center',
      ticks: 3,
      tickFormat: '~s',
      grid: true,
      inset: 8,
    },
    y: robustness(attack),
    fx: { label: across, domain: facets, tickFormat: String },
    ...styles(methods),
    facet: { marginRight: 12 },
    marks: [
      ruleX(dots, { fx: 'across', x: 'seconds', y1: 'low', y2: 'high', stroke: 'method' }),
      dot(dots, { fx: 'across', x: 'seconds', y: 'robust', fill: 'method', symbol: 'method', r: 4.5 }),
      ...legend(methods),
    ],
  })
}

const valuesOf = (dots: readonly Dot[]): readonly number[] =>
  [...new Set(dots.map(({ across }) => across))].sort((a, b) => a - b)

const frame = (methods: readonly string[], width: number) => ({
  width: width + LEGEND,
  height: Math.max(340, 60 + LINE * methods.length),
  marginLeft: 50,
  marginRight: LEGEND,
  fontSize: 12,
})

/** Colour and form both tell a method, for those who don't see colours; the forms are those that can be filled. */
const styles = (methods: readonly string[]) => ({
  color: { domain: methods, scheme: 'observable10' as const },
  symbol: { domain: methods, range: ['circle', 'square', 'triangle', 'diamond', 'star', 'cross', 'wye'] },
})

const robustness = (attack: string) => ({
  percent: true,
  domain: [0, 100],
  grid: true,
  label: `robust accuracy under ${attack} (%)`,
})

/** A line for each method to the right of the picture: names at the curves' ends would cover each other. */
const legend = (methods: readonly string[]): readonly Markish[] =>
  methods.flatMap((method, i) => {
    const place = { frameAnchor: 'top-right', facetAnchor: 'top-right', dy: LINE * i + 6 } as const
    return [
      dot([method], { ...place, dx: 18, fill: [method], symbol: [method], r: 4 }),
      text([method], { ...place, dx: 28, textAnchor: 'start', lineAnchor: 'middle', fill: 'black' }),
    ]
  })
