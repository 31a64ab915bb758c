import { type Pattern, ruleOf } from '../../src/math/patterns.js'
import { projectionMask } from '../../src/math/projection.js'
import { stream } from '../../src/math/random.js'
import type { WeightMatrix } from '../../src/math/weightMatrix.js'
import { element } from '../element.js'
import { choice, slider, tiles } from './controls.js'
import { drawing, shape } from './svg.js'

const OUTPUTS = 8
const CHANNELS = 4
const PIXELS = 9
const CELL = 14
const GAP = 5

const patterns = {
  irregular: 'single weights (irregular)',
  filter: 'filters: all weights of an output',
  channel: 'input channels',
  column: 'columns: one position of a kernel, for all outputs',
  '4x1': 'blocks of 4 outputs (4x1)',
  '2:4': '2 of every 4 channels (2:4)',
  kernel: 'kernel patterns',
} as const satisfies Readonly<Partial<Record<Pattern, string>>>

/** A 3 × 3 convolution from 4 channels to 8 outputs: random weights, larger for some outputs and channels. */
const weights = (): WeightMatrix => {
  const random = stream(0, 'masks')
  const draw = (count: number): readonly number[] => Array.from({ length: count }, () => 0.4 + random.uniform())
  const [ofOutput, ofChannel] = [draw(OUTPUTS), draw(CHANNELS)]
  const values = new Float32Array(PIXELS * CHANNELS * OUTPUTS)
  for (let i = 0; i < values.length; i++) {
    const [output, channel] = [i % OUTPUTS, Math.floor(i / OUTPUTS) % CHANNELS]
    values[i] = random.normal() * (ofOutput[output] ?? 1) * (ofChannel[channel] ?? 1)
  }
  return { values, rows: PIXELS * CHANNELS, columns: OUTPUTS, places: { count: PIXELS, of: 'kernel' } }
}

const rates = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 9, 12, 16]

/** The picture of masks: a layer as squares, with the pruned weights. */
export const masksPicture = (): HTMLElement => {
  const matrix = weights()
  const most = Math.max(...matrix.values.map(Math.abs))
  const width = CHANNELS * (PIXELS * CELL + GAP)
  const { node, draw: show } = drawing(width + 24, OUTPUTS * CELL + 26)
  const figures = tiles(['weights kept', 'all weights', 'actual rate'])
  const ratesOf = (pattern: Pattern): readonly number[] => {
    const limits = ruleOf(pattern)?.limits(matrix)
    const { least = 1, most: highest = 1 } = limits ?? {}
    return least === highest ? [least] : rates.filter((rate) => rate >= least && rate <= highest)
  }
  const draw = (): void => {
    const pattern = kind.value()
    rate.offer(ratesOf(pattern))
    const mask = projectionMask(matrix, pattern, rate.value())
    const kept = mask.reduce((sum, bit) => sum + bit, 0)
    const cells = Array.from(mask, (bit, i) => {
      const [output, input] = [i % OUTPUTS, Math.floor(i / OUTPUTS)]
      const [channel, pixel] = [input % CHANNELS, Math.floor(input / CHANNELS)]
      const value = matrix.values[i] ?? 0
      return shape('rect', {
        class: bit === 1 ? (value > 0 ? 'f1' : 'f2') : 'gone',
        x: 24 + channel * (PIXELS * CELL + GAP) + pixel * CELL + 1,
        y: output * CELL + 1,
        width: CELL - 2,
        height: CELL - 2,
        'fill-opacity': bit === 1 ? (0.25 + 0.75 * (Math.abs(value) / most)).toFixed(3) : 1,
      })
    })
    const outputs = Array.from({ length: OUTPUTS }, (_, o) =>
      shape('text', { x: 16, y: o * CELL + 11, 'text-anchor': 'end' }, String(o + 1)),
    )
    const channels = Array.from({ length: CHANNELS }, (_, c) =>
      shape(
        'text',
        { x: 24 + c * (PIXELS * CELL + GAP) + (PIXELS * CELL) / 2, y: OUTPUTS * CELL + 18, 'text-anchor': 'middle' },
        `channel ${c + 1}, 3 × 3`,
      ),
    )
    show(`${kept} of ${mask.length} weights are kept, ${patterns[pattern]}.`, ...cells, ...outputs, ...channels)
    figures.set([String(kept), String(mask.length), `${(mask.length / kept).toFixed(2)}×`])
  }
  const kind = choice('What is pruned together', patterns, () => draw())
  const rate = slider({
    label: 'Rate',
    values: rates,
    start: 4,
    format: (value) => `${value}×`,
    onchange: () => draw(),
  })
  draw()
  return element(
    'div',
    { class: 'picture' },
    element('div', { class: 'controls' }, kind.node, rate.node),
    figures.node,
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'The layer' },
      element('div', { class: 'wide' }, node),
    ),
  )
}
