/** A network without its pruned channels computes the same function with fewer parameters. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import type { Pattern } from '../../../src/math/patterns.js'
import { projectionMask } from '../../../src/math/projection.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { prelu } from '../../../src/models/layers/activations.js'
import { add, batchNorm2d, conv2d, flatten, linear, relu } from '../../../src/models/layers/layers.js'
import { groupNorm, layerNorm } from '../../../src/models/layers/normalisations.js'
import { countsOf } from '../../../src/models/parameters/counts.js'
import { parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import type { PlainNetwork } from '../../../src/models/parameters/plainNetwork.js'
import { statisticsCount } from '../../../src/models/parameters/statistics.js'
import { shrinkNetwork } from '../../../src/models/shrink/shrinkNetwork.js'
import { Student } from '../../../src/training/network/network.js'
import { expectEvery } from '../../support/expectEvery.js'
import { distance, seededNumbers } from '../../support/numbers.js'
import { randomNetwork, seededNetwork } from '../../support/randomNetworks.js'
import { zooNetworks } from '../../support/zooNetworks.js'
import { aggregated, normalised, separable, shortcut, woven } from '../fixtures.js'

/** Relative to the largest logit. */
const TOLERANCE = 1e-5

const EXAMPLES = 2

/** Seeded weights and statistics, with all layers but the last pruned, without retraining. */
const pruned = (net: Architecture, pattern: Pattern, rate: number, seed = 1): PlainNetwork => {
  const { weights, statistics } = seededNetwork(net, seed)
  const mask = new Float32Array(weights.length).fill(1)
  const prunable = parametersOf(net).filter(({ role }) => role === 'weight')
  for (const { offset, size, shape } of prunable.slice(0, -1)) {
    const columns = shape.at(-1) ?? 1
    const values = weights.subarray(offset, offset + size)
    mask.set(projectionMask({ values, rows: size / columns, columns }, pattern, rate), offset)
  }
  return { architecture: net, weights: weights.map((value, i) => value * (mask[i] ?? 0)), statistics, mask }
}

const logitsOf = ({ architecture: net, weights, statistics }: PlainNetwork): Float32Array => {
  const { height, width, channels } = net.input
  const pixels = seededNumbers(9, EXAMPLES * height * width * channels).map((value) => 0.5 + 0.5 * value)
  const student = new Student(net, weights, statistics)
  const logits = tf.tidy(() => student.logits(tf.tensor4d(pixels, [EXAMPLES, height, width, channels])).dataSync())
  student.dispose()
  return Float32Array.from(logits)
}

/** Shrinks, and checks the properties of every result. */
const shrunkAndSame = (network: PlainNetwork): PlainNetwork => {
  const shrunk = shrinkNetwork(network)
  expect(distance(logitsOf(shrunk), logitsOf(network))).toBeLessThan(TOLERANCE)
  const { architecture: net, weights, statistics, mask } = shrunk
  expect([weights.length, statistics.length]).toEqual([parameterCount(net), statisticsCount(net)])
  expect(mask?.length).toBe(weights.length)
  expectEvery(weights, (value, i) => value === 0 || mask?.[i] === 1)
  expect(shrinkNetwork(shrunk)).toBe(shrunk)
  return shrunk
}

const widths = ({ architecture: { nodes } }: PlainNetwork) =>
  Object.fromEntries(nodes.flatMap(({ id, layer }) => ('out' in layer ? [[id, layer.out]] : [])))

describe('every network of the zoo', () => {
  it.each(Object.keys(zooNetworks))('%s, with half of its filters pruned, computes the same and is smaller', (name) => {
    const network = pruned(zooNetworks[name] ?? normalised, 'filter', 2)
    const shrunk = shrunkAndSame(network)
    const [before, after] = [network, shrunk].map(({ architecture: net }) => countsOf(net))
    expect(after?.parameters).toBeLessThan(0.8 * (before?.parameters ?? 0))
    expect(after?.flops).toBeLessThan(0.8 * (before?.flops ?? 0))
  })

  it.each(Object.keys(zooNetworks))('%s, with columns pruned to an eighth, computes the same', (name) => {
    const network = pruned(zooNetworks[name] ?? normalised, 'column', 8)
    expect(countsOf(shrunkAndSame(network).architecture).parameters).toBeLessThanOrEqual(network.weights.length)
  })
})

describe('any network', () => {
  const patterns = fc.constantFrom<Pattern>('irregular', 'filter', 'column')
  it('computes the same after shrinking, however it was pruned', () => {
    fc.assert(
      fc.property(
        randomNetwork,
        patterns,
        fc.double({ min: 1.2, max: 6, noNaN: true }),
        fc.nat(1000),
        (net, pattern, rate, seed) => {
          shrunkAndSame(pruned(net, pattern, rate, seed))
        },
      ),
      { seed: 5, numRuns: 80 },
    )
  })

  it('is returned unchanged if nothing was pruned', () => {
    const network = pruned(normalised, 'filter', 1)
    expect(shrinkNetwork(network)).toBe(network)
  })
})

/** A network with the given weights, by name; the others are seeded. */
const filled = (
  net: Architecture,
  zero: Readonly<Record<string, readonly number[]>>,
  given: Readonly<Record<string, (c: number) => number>> = {},
) => {
  const { weights, statistics } = seededNetwork(net)
  for (const { name, node, role, offset, size, shape } of parametersOf(net)) {
    const columns = shape.at(-1) ?? 1
    const value = given[name]
    for (let i = 0; i < size; i++) {
      if (role === 'weight' && zero[node]?.includes(i % columns)) weights[offset + i] = 0
      if (value) weights[offset + i] = value(i)
    }
  }
  return { architecture: net, weights, statistics, mask: weights.map((value) => (value === 0 ? 0 : 1)) }
}

const image = { height: 5, width: 5, channels: 1 }

describe('a filter of zeros', () => {
  const chain = (padding: 0 | 1, bias: 'learned' | 'none' = 'learned') =>
    architecture('chain', image, [
      conv2d('first', { out: 4, kernel: 3, padding: 1 }),
      relu(),
      conv2d('second', { out: 3, kernel: 3, padding, bias }),
      ...(bias === 'none' ? [batchNorm2d('bn')] : []),
      relu(),
      flatten(),
      linear('head', { out: 2 }),
    ])

  it('is removed if its constant is 0 after a ReLU', () => {
    const network = filled(chain(1), { first: [1, 2] }, { 'first.bias': () => -0.5 })
    expect(widths(shrunkAndSame(network))).toEqual({ first: 2, second: 3, head: 2 })
  })

  it('is folded into the bias of a layer without padding', () => {
    const network = filled(chain(0), { first: [1, 2] }, { 'first.bias': (c) => 0.5 + c })
    expect(widths(shrunkAndSame(network))).toEqual({ first: 2, second: 3, head: 2 })
  })

  it('shifts the mean of the batch normalisation after a layer without bias', () => {
    const network = filled(chain(0, 'none'), { first: [0] }, { 'first.bias': (c) => 0.5 + c })
    const shrunk = shrunkAndSame(network)
    expect(widths(shrunk)).toEqual({ first: 3, second: 3, head: 2 })
    expect(shrunk.statistics).not.toEqual(network.statistics)
  })

  it('adds a bias to a layer without one if no batch normalisation follows', () => {
    const net = architecture('bare', image, [
      conv2d('first', { out: 3, kernel: 3 }),
      conv2d('second', { out: 2, kernel: 1, bias: 'none' }),
      relu(),
      flatten(),
      linear('head', { out: 2 }),
    ])
    const shrunk = shrunkAndSame(filled(net, { first: [2] }))
    expect(parametersOf(shrunk.architecture).map(({ name }) => name)).toContain('second.bias')
  })

  it('replaces all other constants of a zero-padded layer', () => {
    const network = filled(chain(1), { first: [0, 1, 2] }, { 'first.bias': (c) => 0.5 + c })
    expect(widths(shrunkAndSame(network))).toEqual({ first: 2, second: 3, head: 2 })
  })

  it('is not replaced by a much smaller constant', () => {
    const network = filled(chain(1), { first: [0, 1] }, { 'first.bias': (c) => (c === 0 ? 1e-4 : 1) })
    // The large constant may replace the small one.
    expect(widths(shrunkAndSame(network))).toEqual({ first: 3, second: 3, head: 2 })
  })

  it('stays if another term of a sum needs its channel', () => {
    const net = architecture('sum', image, [
      conv2d('trunk', { out: 4, kernel: 3 }),
      relu({ id: 'start' }),
      conv2d('left', { out: 4, kernel: 1 }),
      add(['left', 'start']),
      relu(),
      conv2d('after', { out: 2, kernel: 1 }),
      flatten(),
      linear('head', { out: 2 }),
    ])
    const both = filled(net, { trunk: [0, 1], left: [1, 2] })
    expect(widths(shrunkAndSame(both))).toEqual({ trunk: 3, left: 3, after: 2, head: 2 })
  })

  it('is removed with its channel of a depth-wise convolution, whichever of the two was pruned', () => {
    // After the last convolution only its own constant is left; a ReLU makes negative ones 0.
    const negative = { 'bn1.bias': () => -2 }
    const pruned = { expand: [0, 1, 2, 3], depthwise: [3, 4, 5] }
    expect(widths(shrunkAndSame(filled(separable, pruned, negative)))).toEqual({
      stem: 8,
      expand: 6,
      depthwise: 6,
      project: 8,
      down: 8,
      head: 3,
    })
    // Zero padding makes a positive constant vary at the border.
    const { expand } = widths(shrunkAndSame(filled(separable, { expand: [0, 1] }, { 'bn1.bias': () => 2 })))
    expect(expand).toBe(12)
  })

  it('is removed from a sum and the depth-wise convolution after it', () => {
    const network = filled(
      separable,
      { stem: [1], project: [1], down: [1, 2] },
      { 'bn0.bias': () => -2, 'bn3.bias': () => 0 },
    )
    // Only the mean of the last normalisation is left in the channel: a constant, which the next layer maps to another.
    expect(widths(shrunkAndSame(network))).toMatchObject({ stem: 7, project: 7, down: 7 })
  })

  it('is removed if its whole group can be: two inputs and three outputs at a time', () => {
    const negative = { 'middle.bias': () => -1 }
    // Pruned in groups 0 to 3: all outputs, some outputs, none, all outputs.
    const network = filled(aggregated, { middle: [0, 1, 2, 4, 9, 10, 11] }, negative)
    const shrunk = shrunkAndSame(network)
    expect(widths(shrunk)).toEqual({ reduce: 4, middle: 6, expand: 5, head: 3 })
    expect(shrunk.architecture.nodes.find(({ id }) => id === 'middle')?.layer).toMatchObject({ groups: 2 })
    // A pruned input channel stays because the other one of its group does.
    expect(widths(shrunkAndSame(filled(aggregated, { reduce: [0] })))).toMatchObject({ reduce: 8, middle: 12 })
  })

  it('is removed before a normalisation of groups if its whole group can be, and stays before one of all channels', () => {
    const groups = architecture('groups', image, [
      conv2d('first', { out: 6, kernel: 3, padding: 1 }),
      groupNorm('norm', { groups: 3 }),
      relu(),
      conv2d('second', { out: 2, kernel: 1 }),
      flatten(),
      linear('head', { out: 2 }),
    ])
    // Of the first group one filter stays; of the last one both go.
    const network = filled(groups, { first: [0, 4, 5] })
    const shrunk = shrunkAndSame(network)
    expect(widths(shrunk)).toMatchObject({ first: 4, second: 2 })
    expect(shrunk.architecture.nodes.find(({ id }) => id === 'norm')?.layer).toMatchObject({ groups: 2 })
    const pixels = architecture('pixels', image, [
      conv2d('first', { out: 6, kernel: 3, padding: 1 }),
      layerNorm('norm'),
      conv2d('hidden', { out: 4, kernel: 1 }),
      relu(),
      conv2d('second', { out: 2, kernel: 1 }),
      flatten(),
      linear('head', { out: 2 }),
    ])
    expect(widths(shrunkAndSame(filled(pixels, { first: [0, 4], hidden: [1] })))).toMatchObject({ first: 6, hidden: 3 })
  })

  it('in all groups except one leaves a convolution without groups', () => {
    const network = filled(aggregated, { middle: [0, 1, 2, 3, 4, 5, 6, 7, 8] }, { 'middle.bias': () => -1 })
    const { layer } = shrunkAndSame(network).architecture.nodes.find(({ id }) => id === 'middle') ?? {}
    expect(layer).toMatchObject({ out: 3 })
    expect(layer).not.toHaveProperty('groups')
  })

  it('is removed if nothing reads it, and so are the layers that only it reads', () => {
    const net = chain(1)
    const network = filled(net, {})
    for (const { node, role, offset, size, shape } of parametersOf(net)) {
      const [, , inputs = 0, outputs = 1] = shape
      if (role !== 'weight' || node !== 'second') continue
      for (let i = 0; i < size; i++) if (Math.floor(i / outputs) % inputs === 3) network.weights[offset + i] = 0
    }
    expect(widths(shrunkAndSame({ ...network, mask: network.weights.map((w) => (w === 0 ? 0 : 1)) }))).toEqual({
      first: 3,
      second: 3,
      head: 2,
    })
  })

  it('stays as the only filter of its layer', () => {
    const network = filled(normalised, { conv2: [0, 1, 2, 3] })
    expect(widths(shrunkAndSame(network))).toEqual(widths(network))
    const chained = filled(chain(1), { first: [0, 1, 2, 3] }, { 'first.bias': () => -1 })
    expect(widths(shrunkAndSame(chained))).toEqual({ first: 1, second: 1, head: 2 })
  })

  it.each(['one', 'each'] as const)(
    'before a PReLU with %s slope leaves the slopes of the channels that stay',
    (slopes) => {
      const net = architecture('sloped', image, [
        conv2d('first', { out: 3, kernel: 3 }),
        prelu('slopes', { slopes }),
        flatten(),
        linear('head', { out: 2 }),
      ])
      expect(widths(shrunkAndSame(filled(net, { first: [0, 2] }, { 'first.bias': () => 0 })))).toEqual({
        first: 1,
        head: 2,
      })
    },
  )

  const places = ({ architecture: { nodes } }: PlainNetwork) =>
    Object.fromEntries(
      nodes.flatMap(({ id, layer }) => (layer.type === 'selectChannels' ? [[id, layer.channels]] : [])),
    )

  it('is removed from a concatenation, a shuffle and a split, whose places are renumbered', () => {
    // Both are in the half that only a convolution reads: right 2, which is added to others, would stay.
    const zeros = { left: [1], right: [0, 2] }
    const shrunk = shrunkAndSame(filled(woven, zeros, { 'left.bias': () => -1, 'right.bias': () => -1 }))
    expect(widths(shrunk)).toMatchObject({ left: 3, right: 3, on: 6, gate: 6 })
    expect(places(shrunk)).toEqual({ shuffled: [0, 3, 1, 4, 2, 5], first: [0, 1], wide: [-1, 4, 5, 2, 3, -1] })
  })

  it('is removed with its channel of a product, and of channels of zeros, if all factors and terms can lose it', () => {
    const negative = { 'on.bias': () => -1 }
    // Where only zeros are added, a channel goes with the image's, and its gate goes too.
    expect(widths(shrunkAndSame(filled(woven, { on: [0, 5] }, negative)))).toMatchObject({ on: 4, gate: 4 })
    // Where channels are added, they need their place.
    expect(widths(shrunkAndSame(filled(woven, { on: [1, 2] }, negative)))).toMatchObject({ on: 6, gate: 6 })
    // A gate that is constant does not make a product constant.
    expect(widths(shrunkAndSame(filled(woven, { gate: [0, 5] })))).toMatchObject({ on: 6, gate: 6 })
  })

  it('stays before a sum of a flattened image and other features', () => {
    const { stem = 0, narrow = 0 } = widths(shrunkAndSame(pruned(shortcut, 'filter', 2)))
    expect([stem < 4, narrow]).toEqual([true, 5])
  })
})
