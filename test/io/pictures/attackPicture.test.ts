import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import type { PictureRow } from '../../../src/io/pictures/attackCells.js'
import { drawAttackPicture } from '../../../src/io/pictures/attackPicture.js'

const grey = { height: 1, width: 3, channels: 1 }

const row: PictureRow = {
  index: 17,
  label: 4,
  guess: 9,
  brokenBy: 'apgd-ce',
  distance: 0.25,
  original: Float32Array.of(0, 0.5, 1),
  adversarial: Float32Array.of(0.25, 0.5, 0.75),
}

const picture = { shape: grey, norm: 'Linf', epsilon: 0.25, rows: [row] }

/** The bytes of the images, in the order of the picture. */
const pngsOf = (svg: string): readonly { readonly data: readonly number[]; readonly channels: number }[] =>
  [...svg.matchAll(/href="data:image\/png;base64,([^"]*)"/g)].map(([, base64 = '']) => {
    const { data, channels } = decode(Buffer.from(base64, 'base64'), { checkCrc: true })
    return { data: [...data], channels }
  })

/** The visible texts, without title and description. */
const wordsOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text)

const elementOf = (svg: string, name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(svg)?.[1] ?? ''

describe('drawAttackPicture', () => {
  test('original, perturbation and adversarial image have the right pixels', () => {
    // −ε, 0 and ε are black, mid-grey and white. Black is 1, so both ends have the same distance from 128.
    expect(pngsOf(drawAttackPicture(picture))).toEqual([
      { channels: 1, data: [0, 128, 255] },
      { channels: 1, data: [255, 128, 1] },
      { channels: 1, data: [64, 128, 191] },
    ])
  })

  test('images of bytes are drawn byte for byte', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const original = Float32Array.from(bytes, (byte) => byte / 255)
    const shape = { height: 16, width: 16, channels: 1 }
    const [first] = pngsOf(
      drawAttackPicture({ ...picture, shape, rows: [{ ...row, original, adversarial: original }] }),
    )
    expect(first?.data).toEqual([...bytes])
  })

  test('colour images keep their channels in order', () => {
    const original = Float32Array.of(1, 0, 0.2, 0, 1, 0.4)
    const adversarial = Float32Array.of(0.75, 0, 0.2, 0, 1, 0.65)
    const svg = drawAttackPicture({
      ...picture,
      shape: { height: 2, width: 1, channels: 3 },
      rows: [{ ...row, original, adversarial }],
    })
    expect(pngsOf(svg)).toEqual([
      { channels: 3, data: [255, 0, 51, 0, 255, 102] },
      { channels: 3, data: [1, 128, 128, 128, 128, 255] },
      { channels: 3, data: [191, 0, 51, 0, 255, 166] },
    ])
    expect(wordsOf(svg).at(-1)).toBe('black is −0.250 and white +0.250 in every channel.')
  })

  test('has captions and a description', () => {
    const svg = drawAttackPicture(picture)
    expect(wordsOf(svg)).toEqual([
      'Adversarial examples, L∞, ε = 0.250',
      ...['original', 'perturbation', 'adversarial'],
      ...['test image 17: 4', 'apgd-ce, L∞ 0.250', 'taken for 9'],
      'Perturbation: mid-grey is no change,',
      'black is −0.250 and white +0.250.',
    ])
    expect(elementOf(svg, 'title')).toBe('Adversarial examples, L∞, ε = 0.250')
    expect(elementOf(svg, 'desc')).toContain('Test image 17, class 4, is taken for 9 (apgd-ce, L∞ 0.250).')
  })

  test.each([
    { title: 'in another norm', norm: 'L2', epsilon: 2 },
    { title: 'without a radius', norm: 'Linf', epsilon: Number.POSITIVE_INFINITY },
  ])('$title a perturbation spans the largest change of a pixel, and the caption says so', ({ norm, epsilon }) => {
    const weaker = { ...row, adversarial: Float32Array.of(0.125, 0.5, 1) }
    const svg = drawAttackPicture({ ...picture, norm, epsilon, rows: [row, weaker] })
    const pngs = pngsOf(svg)
    expect(pngs[1]?.data).toEqual([255, 128, 1])
    // 128 + 127/2, rounded half to even.
    expect(pngs[4]?.data).toEqual([192, 128, 128])
    expect(wordsOf(svg).at(-1)).toBe('black is −0.250 and white +0.250.')
    expect(svg).not.toContain('Infinity')
  })

  test('an unchanged image is grey', () => {
    const same = { ...row, adversarial: row.original }
    const [, change] = pngsOf(drawAttackPicture({ ...picture, norm: 'L2', rows: [same] }))
    expect(change?.data).toEqual([128, 128, 128])
  })

  test('one line per example, without overlaps, all inside the picture', () => {
    const svg = drawAttackPicture({ ...picture, rows: [row, row, row] })
    const [, width = 0, height = 0] = (/<svg[^>]* width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(Number)
    const places = [...svg.matchAll(/<image x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)].map(
      ([, ...figures]) => figures.map(Number) as [number, number, number, number],
    )
    expect(places).toHaveLength(9)
    for (const [i, [x, y, w, h]] of places.entries()) {
      expect(x + w).toBeLessThanOrEqual(width)
      expect(y + h).toBeLessThanOrEqual(height)
      const covered = places
        .slice(i + 1)
        .filter(([x2, y2, w2, h2]) => x + w > x2 && x2 + w2 > x && y + h > y2 && y2 + h2 > y)
      expect(covered).toEqual([])
    }
    const bottoms = [...svg.matchAll(/<text x="\d+" y="(\d+)"/g)].map(([, y]) => Number(y))
    expect(Math.max(...bottoms)).toBeLessThan(height)
  })

  test.each([
    { height: 28, width: 28, drawn: { width: 112, height: 112 } },
    { height: 32, width: 32, drawn: { width: 128, height: 128 } },
    { height: 14, width: 28, drawn: { width: 112, height: 56 } },
    { height: 300, width: 200, drawn: { width: 200, height: 300 } },
  ])('$height × $width pixels are enlarged by a whole number', ({ height, width, drawn }) => {
    const original = new Float32Array(height * width)
    const shape = { height, width, channels: 1 }
    const svg = drawAttackPicture({ ...picture, shape, rows: [{ ...row, original, adversarial: original }] })
    expect(svg).toContain(`width="${drawn.width}" height="${drawn.height}" preserveAspectRatio`)
    expect(svg.match(/image-rendering:pixelated/g)).toHaveLength(3)
  })

  test('refers to no other files', () => {
    const svg = drawAttackPicture(picture)
    const addresses = [...svg.matchAll(/(?:href|src)="([^"]*)"|url\(([^)]*)\)/g)].map(([, a, b]) => a ?? b ?? '')
    expect(addresses).toHaveLength(3)
    expect(addresses.filter((address) => !address.startsWith('data:image/png;base64,'))).toEqual([])
    expect(svg.match(/https?:/g)).toHaveLength(1) // The XML namespace.
  })

  test('names are text, not markup', () => {
    const brokenBy = `a<b & "c" > \u0000\uD800`
    const svg = drawAttackPicture({ ...picture, norm: '<n>', rows: [{ ...row, brokenBy }] })
    const written = 'a&lt;b &amp; &quot;c&quot; &gt; \uFFFD\uFFFD, &lt;n&gt; 0.250'
    expect(wordsOf(svg)).toContain(written)
    expect(elementOf(svg, 'desc')).toContain(written)
    expect(elementOf(svg, 'title')).toContain('&lt;n&gt;')
  })

  test('long names fit', () => {
    const brokenBy = 'pgd-with-fifty-restarts-and-margin'
    const svg = drawAttackPicture({ ...picture, rows: [{ ...row, brokenBy }] })
    const left = (text: string): number => Number(new RegExp(`<text x="(\\d+)"[^>]*>${text}`).exec(svg)?.[1])
    // An average letter of a usual font is wider than half the height of the font.
    expect(left('taken for') - left(brokenBy)).toBeGreaterThan(6 * `${brokenBy}, L∞ 0.250`.length)
  })

  test('an attack that broke nothing is stated as a sentence', () => {
    const svg = drawAttackPicture({ ...picture, rows: [] })
    expect(pngsOf(svg)).toEqual([])
    expect(wordsOf(svg)).toEqual(['Adversarial examples, L∞, ε = 0.250', 'No example was broken.'])
  })

  test('the same examples make the same text', () => {
    expect(drawAttackPicture(picture)).toBe(drawAttackPicture(picture))
  })
})
