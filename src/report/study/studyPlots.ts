import { dot, line, type Markish, ruleX, ruleY } from '@observablehq/plot'
import { drawnNamed } from '../../dsl/kit/radius.js'
import { formatCount } from '../tables/format.js'
import type { Caption } from './captionOf.js'
import { drawPlot } from './drawPlot.js'
import { apart, logDomain, logTicks, wideDomain } from './logAxis.js'
import { DASHES, frameOf, headOf, legendOf, looksOf, type Method, methodsOf } from './plotFrame.js'
import type { Study, StudyRow } from './study.js'

/** A row as a dot in a plot. */
interface Dot {
  readonly method: string
  readonly across: number
  readonly robust: number
  readonly low: number
  readonly high: number
  readonly seconds: number | undefined
}

/** What both plots show. */
interface Scene {
  readonly points: readonly Dot[]
  /** Rows without training have no rate of their own and are drawn as levels. */
  readonly levels: readonly Dot[]
  readonly methods: readonly Method[]
  readonly attack: string
  readonly across: string
  readonly caption: Caption
}

/** A study's plots as SVG, by file name; a plot without dots is left out. */
export const studyPlots = (
  rows: readonly StudyRow[],
  study: Study,
  caption: Caption,
): Readonly<Record<string, string>> => {
  const attack = rows.flatMap(({ attacks }) => Object.keys(attacks))[0]
  if (attack === undefined) return {}
  // Other parameters that differ between rows, such as the teacher, are part of a line's name.
  const naming = [...new Set(rows.flatMap(({ params }) => Object.keys(params)))].filter(
    (name) =>
      name === study.method || (name !== study.across && new Set(rows.map(({ params }) => params[name])).size > 1),
  )
  const dots = rows.flatMap((row) => dotOf(row, attack, study, naming) ?? [])
  const trained = new Set(dots.flatMap(({ seconds, across }) => (seconds === undefined ? [] : [across])))
  const levels = dots.filter(({ across }) => trained.size > 0 && !trained.has(across))
  const points = dots.filter((one) => !levels.includes(one))
  const names = [...new Set(dots.map(({ method }) => method))]
  const alone = names.filter((name) => !points.some(({ method }) => method === name))
  const scene = { points, levels, methods: methodsOf(names, alone), attack, across: study.across, caption }
  return {
    ...(dots.length > 0 ? { [`robust-by-${study.across}.svg`]: byRate(scene) } : {}),
    ...(trained.size > 0 ? { 'robust-by-time.svg': byTime(scene) } : {}),
  }
}

const dotOf = (
  { params, attacks, trainingSeconds }: StudyRow,
  attack: string,
  study: Study,
  naming: readonly string[],
): Dot | undefined => {
  const robust = attacks[attack]
  const across = params[study.across]
  if (!robust || typeof across !== 'number') return undefined
  const { mean, deviation = 0 } = robust
  return {
    method: naming.map((name) => drawnNamed(name, params[name])).join(', '),
    across,
    robust: mean,
    low: Math.max(0, mean - deviation),
    high: Math.min(1, mean + deviation),
    seconds: trainingSeconds?.mean,
  }
}

const byRate = ({ points, levels, methods, attack, across, caption }: Scene): string => {
  const words = { ...caption, title: `Robust accuracy under ${attack} by ${across}` }
  const ticks = valuesOf(points)
  const drawn = methods.filter(({ drawn }) => drawn === 'points')
  const placed = points.map((one) => ({
    ...one,
    place:
      one.across *
      apart(
        drawn.findIndex(({ name }) => name === one.method),
        drawn.length,
        ticks,
      ),
  }))
  const aside = drawn.length > 1 ? ', methods slightly offset' : ''
  return drawPlot({
    ...frameOf(methods, words, 560),
    ariaLabel: words.title,
    ariaDescription: caption.whole,
    x: {
      type: 'log',
      domain: logDomain(ticks),
      ticks,
      tickFormat: String,
      label: `${across} (log scale${aside})`,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: robustness(attack),
    marks: [
      ...levelsOf(levels),
      line(placed, { x: 'place', y: 'robust', stroke: 'method', sort: 'across', z: 'method' }),
      ruleX(placed, { x: 'place', y1: 'low', y2: 'high', stroke: 'method' }),
      ...pointsOf(placed, methods, { x: 'place' }),
      ...headOf(words),
      ...legendOf(methods),
    ],
  })
}

const byTime = ({ points, levels, methods, attack, across, caption }: Scene): string => {
  const words = { ...caption, title: `Robust accuracy under ${attack} by training time` }
  const timed = points.filter(({ seconds }) => seconds !== undefined)
  const facets = valuesOf(timed)
  const times = timed.flatMap(({ seconds }) => seconds ?? [])
  return drawPlot({
    ...frameOf(methods, words, Math.max(480, 220 * facets.length)),
    ariaLabel: words.title,
    ariaDescription: caption.whole,
    x: {
      type: 'log',
      domain: wideDomain(times),
      ticks: logTicks(times),
      tickFormat: (seconds: number) => (seconds < 1 ? String(seconds) : formatCount(seconds)),
      label: 'training time in seconds (log scale)',
      labelAnchor: 'center',
      labelArrow: 'none',
      grid: true,
    },
    y: robustness(attack),
    fx: { label: null, domain: facets, tickFormat: (value: number) => `${across} ${value}` },
    marks: [
      ...levelsOf(levels),
      ruleX(timed, { fx: 'across', x: 'seconds', y1: 'low', y2: 'high', stroke: 'method' }),
      ...pointsOf(timed, methods, { fx: 'across', x: 'seconds' }),
      ...headOf(words),
      ...legendOf(methods),
    ],
  })
}

const valuesOf = (dots: readonly Dot[]): readonly number[] =>
  [...new Set(dots.map(({ across }) => across))].sort((a, b) => a - b)

const levelsOf = (levels: readonly Dot[]): readonly Markish[] => [
  ruleY(levels, { y: 'robust', stroke: 'method', strokeWidth: 2, strokeDasharray: DASHES }),
]

/** The dots of each method, with its look. */
const pointsOf = (
  dots: readonly Dot[],
  methods: readonly Method[],
  place: { readonly x: string; readonly fx?: string },
): readonly Markish[] =>
  methods.map((method) =>
    dot(
      dots.filter((one) => one.method === method.name),
      { ...place, ...looksOf(method), y: 'robust', ariaDescription: `points of ${method.name}` },
    ),
  )

const robustness = (attack: string) => ({
  percent: true,
  domain: [0, 100],
  grid: true,
  label: `robust accuracy under ${attack} (%)`,
  labelAnchor: 'center' as const,
  labelArrow: 'none' as const,
})
