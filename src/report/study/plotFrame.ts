import { dot, type Markish, text } from '@observablehq/plot'
import type { Caption } from './captionOf.js'

/** A method of a study, and its look in all plots. */
export interface Method {
  readonly name: string
  readonly color: string
  readonly symbol: 'circle' | 'square' | 'triangle' | 'diamond' | 'star' | 'cross' | 'wye' | 'hexagon'
  readonly body: 'filled' | 'hollow'
  /** `level`: a dashed line across the plot, for a method that has no value of x. */
  readonly drawn: 'points' | 'level'
}

/** The texts above a plot. */
export interface Words extends Pick<Caption, 'measured' | 'spread'> {
  readonly title: string
}

const COLORS = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#555',
]
const SYMBOLS: readonly Method['symbol'][] = [
  'circle',
  'square',
  'triangle',
  'diamond',
  'star',
  'cross',
  'wye',
  'hexagon',
]

/** Chooses the looks. Shapes alone distinguish the first 16 methods, for colour-blind readers; with colours, 80. */
export const methodsOf = (names: readonly string[], levels: readonly string[]): readonly Method[] =>
  names.map((name, i) => ({
    name,
    color: COLORS[i % COLORS.length] ?? 'black',
    symbol: SYMBOLS[i % SYMBOLS.length] ?? 'circle',
    body: Math.floor(i / SYMBOLS.length) % 2 === 0 ? 'filled' : 'hollow',
    drawn: levels.includes(name) ? 'level' : 'points',
  }))

/** Height of a line of the legend, in pixels. */
const LINE = 18
/** Space above the plot, in pixels: title, two lines, and the names of facets. */
const TOP = 88
const BOTTOM = 44
const LEFT = 52
/** Generous mean width of a character of 12 pixels, and of 11. */
const LETTER = 6.8
const SMALL_LETTER = 6

/** Sizes and scales that all plots share; wide enough for the texts. */
export const frameOf = (methods: readonly Method[], { measured, spread }: Words, width: number) => {
  const legend = 40 + LETTER * Math.max(...methods.map(({ name }) => name.length))
  const words = 16 + SMALL_LETTER * Math.max(measured.length, spread.length)
  const names = methods.map(({ name }) => name)
  return {
    width: Math.ceil(Math.max(LEFT + width + legend, words)),
    height: TOP + BOTTOM + Math.max(280, LINE * methods.length + 12),
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    marginRight: Math.ceil(legend),
    color: { type: 'categorical', domain: names, range: methods.map(({ color }) => color) } as const,
    symbol: { domain: names, range: methods.map(({ symbol }) => symbol) },
  }
}

/** Title and description above the plot. */
export const headOf = ({ title, measured, spread }: Words): readonly Markish[] => {
  const place = { frameAnchor: 'top-left', facetAnchor: 'top-left', dx: 8 - LEFT, textAnchor: 'start' } as const
  return [
    text([title], { ...place, dy: 20 - TOP, fontSize: 15, fontWeight: 'bold', fill: 'black' }),
    text([measured], { ...place, dy: 38 - TOP, fontSize: 11, fill: '#444' }),
    text([spread], { ...place, dy: 53 - TOP, fontSize: 11, fill: '#444' }),
  ]
}

/** One line per method, to the right of the plot: names at the ends of the curves would overlap. */
export const legendOf = (methods: readonly Method[]): readonly Markish[] =>
  methods.flatMap((method, i) => {
    const place = { frameAnchor: 'top-right', facetAnchor: 'top-right', dy: LINE * i + 6 } as const
    return [
      dot([method], { ...place, dx: 18, ...looksOf(method) }),
      text([method.name], { ...place, dx: 32, textAnchor: 'start', lineAnchor: 'middle', fill: 'black', fontSize: 12 }),
    ]
  })

/** The look of a method's points, or of a level's line in the legend. */
export const looksOf = ({ color, symbol, body, drawn }: Method) => {
  if (drawn === 'level') return { symbol: dash, stroke: color, strokeWidth: 2, strokeDasharray: DASHES }
  // A point below another one shows through.
  return body === 'filled'
    ? { symbol, fill: color, r: 4.5, mixBlendMode: 'multiply' as const }
    : { symbol, fill: 'none', stroke: color, strokeWidth: 1.8, r: 4 }
}

/** The dashes of a level's line. */
export const DASHES = '5,4'

const dash = {
  draw: (context: { moveTo: (x: number, y: number) => void; lineTo: (x: number, y: number) => void }): void => {
    context.moveTo(-10, 0)
    context.lineTo(10, 0)
  },
}
