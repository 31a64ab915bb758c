import type { ImageShape } from '../../dsl/dataset.js'
import { drawnRadius } from '../../dsl/kit/radius.js'
import { escapeXml } from '../../dsl/kit/xml.js'
import { type AttackPicture, attackCells, brokenByOf, normSign, type PictureRow, pngOf, spanOf } from './attackCells.js'

/**
 * A self-contained SVG, one line per example: the original image, the perturbation and the adversarial image, each with
 * a caption beneath. Mid-grey is no perturbation. In L∞, black and white are −ε and ε. In other norms a pixel rarely
 * changes by ε, so they are the largest change of a pixel in the picture. The text below the picture states the scale.
 */
export const drawAttackPicture = (picture: AttackPicture): string => {
  const { shape, norm, epsilon, rows } = picture
  const sign = normSign(norm)
  const radius = Number.isFinite(epsilon) ? `, ε = ${drawnRadius(epsilon, fixed)}` : ''
  const title = `Adversarial examples, ${sign}${radius}`
  const captions = rows.length === 0 ? ['No example was broken.'] : captionsOf(shape, spanOf(picture))

  const scale = Math.max(1, Math.round(SIDE / Math.max(shape.height, shape.width)))
  const size = { width: scale * shape.width, height: scale * shape.height }
  const lines = attackCells(picture)
  const columns = HEADINGS.map((heading, column) =>
    Math.max(size.width, widthOf(heading), ...lines.map((line) => widthOf(line[column]?.text ?? ''))),
  )
  const lefts = columns.map((_, i) => columns.slice(0, i).reduce((left, width) => left + width + GAP, MARGIN))

  const headings = rows.length === 0 ? [] : HEADINGS.map((text, i) => textAt(lefts[i] ?? 0, TOP, text, MUTED))
  const cells = lines.flatMap((line, row) =>
    line.flatMap(({ text, pixels }, column) => {
      const left = lefts[column] ?? 0
      const top = TOP + GAP / 2 + row * (size.height + LINE + GAP)
      return [
        `<image x="${left}" y="${top}" width="${size.width}" height="${size.height}" preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated" href="${dataUri(pngOf(pixels, shape))}"/>`,
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
    // A white background: without it, dark text would be on a dark background in some viewers.
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    textAt(MARGIN, MARGIN + FONT, title, INK, ' font-weight="600"'),
    ...headings,
    ...cells,
    ...end,
    '</svg>',
    '',
  ].join('\n')
}

/** Approximate height and width of an image. The scale is a whole number, so all pixels have the same size. */
const SIDE = 112
const FONT = 12
const LINE = 17
const MARGIN = 16
const GAP = 20
const TOP = MARGIN + FONT + 2 * LINE
const INK = '#1a1a1a'
const MUTED = '#595959'
const HEADINGS = ['original', 'perturbation', 'adversarial']

const fixed = (value: number): string => value.toFixed(3)

const captionsOf = ({ channels }: ImageShape, span: number): readonly string[] => [
  'Perturbation: mid-grey is no change,',
  `black is −${fixed(span)} and white +${fixed(span)}${channels === 1 ? '' : ' in every channel'}.`,
]

const sentenceOf = (row: PictureRow, sign: string): string =>
  `Test image ${row.index}, class ${row.label}, is taken for ${row.guess} (${brokenByOf(row, sign)}).`

const dataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString('base64')}`

/** Width for a text: more than words and figures take in any sans-serif font of a viewer. */
const widthOf = (text: string): number => Math.ceil(text.length * FONT * 0.58)

const textAt = (x: number, y: number, text: string, fill = INK, more = ''): string =>
  `<text x="${x}" y="${y}" fill="${fill}"${more}>${escapeXml(text)}</text>`
