// Adversarial examples as a picture that a report can show: original, perturbation, adversarial image.
import { encode } from 'fast-png'
import type { ImageShape } from '../../dsl/dataset.js'
import { escapeXml } from '../../dsl/kit/xml.js'

/** One example that an attack has broken. */
export interface PictureRow {
  /** Which example of the test set. */
  readonly index: number
  /** Its class. */
  readonly label: number
  /** The class that the adversarial image is taken for. */
  readonly guess: number
  /** Name of the attack. */
  readonly brokenBy: string
  /** Length of the perturbation in the attack's norm. */
  readonly distance: number
  /** Height × width × channels, in [0, 1]. */
  readonly original: Float32Array
  /** Height × width × channels, in [0, 1]. */
  readonly adversarial: Float32Array
}

export interface AttackPicture {
  /** 1 channel or 3. */
  readonly shape: ImageShape
  /** How perturbations are measured: `Linf`, `L2`. */
  readonly norm: string
  /** Radius of the attack; Infinity for one without. */
  readonly epsilon: number
  readonly rows: readonly PictureRow[]
}

/**
 * A self-contained SVG, one line per example: the original image, the perturbation, the adversarial image, with what
 * they are beneath. A perturbation is drawn around mid-grey. In L∞ black and white are −ε and ε; in another norm, where
 * a pixel rarely reaches ε, they are the largest change of a pixel in the picture. The caption says which.
 */
export const drawAttackPicture = ({ shape, norm, epsilon, rows }: AttackPicture): string => {
  const span = norm === 'Linf' && Number.isFinite(epsilon) ? epsilon : largestChange(rows)
  const sign = norms.get(norm) ?? norm
  const radius = Number.isFinite(epsilon) ? `, ε = ${fixed(epsilon)}` : ''
  const title = `Adversarial examples, ${sign}${radius}`
  const captions = rows.length === 0 ? ['No example was broken.'] : captionsOf(shape, span)

  const scale = Math.max(1, Math.round(SIDE / Math.max(shape.height, shape.width)))
  const size = { width: scale * shape.width, height: scale * shape.height }
  const lines = rows.map((row) => [
    { text: `test image ${row.index}: ${row.label}`, png: pngOf(row.original, shape, toGrey) },
    { text: brokenByOf(row, sign), png: pngOf(changeOf(row), shape, (change) => MID + (change / span) * REACH) },
    { text: `taken for ${row.guess}`, png: pngOf(row.adversarial, shape, toGrey) },
  ])
  const columns = HEADINGS.map((heading, column) =>
    Math.max(size.width, widthOf(heading), ...lines.map((line) => widthOf(line[column]?.text ?? ''))),
  )
  const lefts = columns.map((_, i) => columns.slice(0, i).reduce((left, width) => left + width + GAP, MARGIN))

  const headings = rows.length === 0 ? [] : HEADINGS.map((text, i) => textAt(lefts[i] ?? 0, TOP, text, MUTED))
  const cells = lines.flatMap((line, row) =>
    line.flatMap(({ text, png }, column) => {
      const left = lefts[column] ?? 0
      const top = TOP + GAP / 2 + row * (size.height + LINE + GAP)
      return [
        `<image x="${left}" y="${top}" width="${size.width}" height="${size.height}" preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated" href="${png}"/>`,
        textAt(left, top + size.height + LINE, text),
      ]
    }),
  )
  const bottom = rows.length === 0 ? TOP : TOP + rows.length * (size.height + LINE + GAP) + GAP
  const end = captions.map((text, i) => textAt(MARGIN, bottom + i * LINE, text, MUTED))
  const grid = columns.reduce((sum, width) => sum + width + GAP, -GAP)
  const width = Math.max(grid, ...[title, ...captions].map(widthOf)) + 2 * MARGIN
  const height = bottom + (captions.length - 1) * LINE + MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="${FONT}">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml([...rows.map((row) => sentenceOf(row, sign)), ...captions].join(' '))}</desc>`,
    // Its own paper: a transparent picture would be dark on dark in some viewers.
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    textAt(MARGIN, MARGIN + FONT, title, INK, ' font-weight="600"'),
    ...headings,
    ...cells,
    ...end,
    '</svg>',
    '',
  ].join('\n')
}

/** About how high and wide an image is drawn. Only whole enlargements: all its pixels stay of one size. */
const SIDE = 112
const FONT = 12
const LINE = 17
const MARGIN = 16
const GAP = 20
const TOP = MARGIN + FONT + 2 * LINE
const INK = '#1a1a1a'
const MUTED = '#595959'
const HEADINGS = ['original', 'perturbation', 'adversarial']

/** Grey of no change, and how far from it black and white lie: equally far. */
const MID = 128
const REACH = 127

const norms: ReadonlyMap<string, string> = new Map([
  ['Linf', 'L∞'],
  ['L2', 'L₂'],
])

const fixed = (value: number): string => value.toFixed(3)

const toGrey = (value: number): number => 255 * value

const changeOf = ({ original, adversarial }: PictureRow): Float32Array =>
  adversarial.map((value, i) => value - (original[i] ?? 0))

/** Never 0: pictures without any change are all grey. */
const largestChange = (rows: readonly PictureRow[]): number =>
  rows.reduce((most, row) => changeOf(row).reduce((far, change) => Math.max(far, Math.abs(change)), most), 0) || 1

const captionsOf = ({ channels }: ImageShape, span: number): readonly string[] => [
  'Perturbation: mid-grey is no change,',
  `black is −${fixed(span)} and white +${fixed(span)}${channels === 1 ? '' : ' in every channel'}.`,
]

const brokenByOf = ({ brokenBy, distance }: PictureRow, sign: string): string =>
  `${brokenBy}, ${sign} ${fixed(distance)}`

const sentenceOf = (row: PictureRow, sign: string): string =>
  `Test image ${row.index}, class ${row.label}, is taken for ${row.guess} (${brokenByOf(row, sign)}).`

/** As a data URI. */
const pngOf = (
  values: Float32Array,
  { height, width, channels }: ImageShape,
  byte: (value: number) => number,
): string => {
  const data = Uint8ClampedArray.from(values, byte)
  const png = encode({ width, height, channels, depth: 8, data })
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}

/** Room for a text in whatever sans-serif the viewer has: more than any of them takes for words and figures. */
const widthOf = (text: string): number => Math.ceil(text.length * FONT * 0.58)

const textAt = (x: number, y: number, text: string, fill = INK, more = ''): string =>
  `<text x="${x}" y="${y}" fill="${fill}"${more}>${escapeXml(text)}</text>`
