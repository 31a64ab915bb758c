/** Projections on patterns, checked in PyTorch's coordinates: output o, input channel c, pixel p. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Pattern, patterns, ruleOf } from '../../src/math/patterns.js'
import { projectionMask, projectionThreshold, thresholdMasks } from '../../src/math/projection.js'
import { permutation, stream } from '../../src/math/random.js'
import type { Places, WeightMatrix } from '../../src/math/weightMatrix.js'
import { expectEvery } from '../support/expectEvery.js'

interface Weight {
  readonly o: number
  readonly c: number
  readonly p: number
  /** Index in the engine's layout. */
  readonly index: number
}

interface Layer {
  readonly matrix: WeightMatrix
  readonly pixels: number
  readonly channels: number
  readonly weights: readonly Weight[]
}

interface Size {
  readonly of: Places['of']
  readonly edge: number
  /** The other side of a kernel. @default edge */
  readonly wide?: number
  readonly channels: number
  readonly out: number
  readonly seed: number
}

/** All magnitudes differ, none is 0. */
const layerOf = ({ of, edge, wide = edge, channels, out, seed }: Size): Layer => {
  const pixels = edge * wide
  const size = pixels * channels * out
  const random = stream(seed, 'weights')
  const values = Float32Array.from(permutation(size, random), (rank) => (rank + 1) * (random.uniform() < 0.5 ? -1 : 1))
  const weights = Array.from({ length: size }, (_, index) => ({
    o: index % out,
    c: Math.floor(index / out) % channels,
    p: Math.floor(index / (out * channels)),
    index,
  }))
  const places = { count: pixels, of }
  return { matrix: { values, rows: pixels * channels, columns: out, places }, pixels, channels, weights }
}

const groupBy = (
  weights: readonly Weight[],
  nameOf: (weight: Weight) => string,
): ReadonlyMap<string, readonly Weight[]> => {
  const groups = new Map<string, Weight[]>()
  for (const weight of weights) groups.set(nameOf(weight), [...(groups.get(nameOf(weight)) ?? []), weight])
  return groups
}

const sizes = (channels: fc.Arbitrary<number>, of = fc.constantFrom<Places['of']>('kernel', 'image')) =>
  fc.record({
    of,
    edge: fc.integer({ min: 1, max: 3 }),
    wide: fc.integer({ min: 1, max: 3 }),
    channels,
    out: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(1e6),
  })

const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 150, seed: 21 })

/** Σ of the squares that a mask leaves. The mask with the largest sum is the nearest projection. */
const kept = ({ matrix: { values } }: Layer, mask: Uint8Array): number =>
  values.reduce((sum, value, i) => sum + (mask[i] === 1 ? value ** 2 : 0), 0)

const again = ({ matrix }: Layer, mask: Uint8Array, pattern: Pattern, rate: number): Uint8Array =>
  projectionMask({ ...matrix, values: matrix.values.map((value, i) => value * (mask[i] ?? 0)) }, pattern, rate)

/** A name for the group of each weight, in PyTorch's matrix of out × in·k·k. */
const nameIn = ({ pixels }: Layer): Readonly<Record<string, (weight: Weight) => string>> => ({
  irregular: ({ index }) => `${index}`,
  filter: ({ o }) => `${o}`,
  column: ({ c, p }) => `${c} ${p}`,
  channel: ({ c }) => `${c}`,
  '4x1': ({ o, c, p }) => `${Math.floor(o / 4)} ${c * pixels + p}`,
  '1x4': ({ o, c, p }) => `${o} ${Math.floor((c * pixels + p) / 4)}`,
  '2x3': ({ o, c, p }) => `${Math.floor(o / 2)} ${Math.floor((c * pixels + p) / 3)}`,
})

const scored = fc.constantFrom<Pattern>(...patterns, '4x1', '1x4', '2x3')
const any = sizes(fc.integer({ min: 1, max: 6 }))

describe('patterns of groups that are ranked', () => {
  it('keep or drop each group as a whole, and keep the largest, as many as the rate says', () => {
    check(
      fc.property(any, scored, fc.double({ min: 1.01, max: 20, noNaN: true }), (size, pattern, rate) => {
        const layer = layerOf(size)
        const mask = projectionMask(layer.matrix, pattern, rate)
        const groups = groupBy(layer.weights, (weight) => nameIn(layer)[pattern]?.(weight) ?? '')
        const bits = [...groups.values()].map((members) => ({
          kept: new Set(members.map(({ index }) => mask[index])),
          square: members.reduce((sum, { index }) => sum + (layer.matrix.values[index] ?? 0) ** 2, 0),
        }))
        expectEvery(bits, ({ kept: each }) => each.size === 1)
        const stay = bits.filter(({ kept: each }) => each.has(1))
        const position = (groups.size - 1) * (1 - 1 / rate)
        // Scores equal to the threshold survive except for filters; two filters may have the same norm.
        expect(stay.length).toBeGreaterThanOrEqual(groups.size - 1 - Math.floor(position))
        if (pattern === 'irregular') expect(stay.length).toBe(groups.size - Math.ceil(position))
        const least = Math.min(...stay.map(({ square }) => square))
        const most = Math.max(0, ...bits.filter(({ kept: each }) => each.has(0)).map(({ square }) => square))
        expect(least).toBeGreaterThanOrEqual(most)
        expect(ruleOf(pattern)?.limits(layer.matrix).most).toBe(groups.size)
      }),
    )
  })

  it('are nearer than any other choice of as many groups, and do not change if projected again', () => {
    check(
      fc.property(any, scored, fc.constantFrom(1.5, 2, 4), fc.nat(1e6), (size, pattern, rate, seed) => {
        fc.pre(pattern !== 'filter')
        // Blocks at an edge hold fewer weights, so the number of groups is the same, not that of weights.
        const layer = layerOf(size)
        const mask = projectionMask(layer.matrix, pattern, rate)
        expect(again(layer, mask, pattern, rate)).toEqual(mask)
        const groups = [...groupBy(layer.weights, (weight) => nameIn(layer)[pattern]?.(weight) ?? '').values()]
        const count = groups.filter(([first]) => mask[first?.index ?? 0] === 1).length
        const other = new Uint8Array(mask.length)
        for (const g of permutation(groups.length, stream(seed, 'others')).slice(0, count))
          for (const { index } of groups[g] ?? []) other[index] = 1
        expect(kept(layer, mask)).toBeGreaterThanOrEqual(kept(layer, other))
      }),
    )
  })
})

describe('channels of a grouped convolution', () => {
  // 2 pixels × 2 channels of a group × 6 outputs, in 3 groups: outputs 2·group and 2·group + 1 read input channel
  // 2·group + c.
  const shape = { rows: 4, columns: 6, places: { count: 2, of: 'kernel' }, groups: 3 } as const
  const channelAt = (index: number): number => 2 * Math.floor((index % 6) / 2) + (Math.floor(index / 6) % 2)

  it('are those of its input', () => {
    const values = Float32Array.from({ length: 24 }, (_, index) => 1 + channelAt(index))
    const mask = projectionMask({ ...shape, values }, 'channel', 3)
    expect([...mask]).toEqual(Array.from(mask, (_, index) => (channelAt(index) >= 4 ? 1 : 0)))
    expect(ruleOf('channel')?.limits(shape).most).toBe(6)
  })
})

describe('n:m', () => {
  const ratios = fc.constantFrom<readonly [Pattern, number, number]>(['2:4', 2, 4], ['1:4', 1, 4], ['3:4', 3, 4])
  const multiples = sizes(fc.constantFrom(4, 8, 12))

  /** Four consecutive weights: channels of one pixel of a kernel, inputs of a linear layer in PyTorch's order. */
  const groupsOf = ({ matrix, pixels, weights }: Layer) => [
    ...groupBy(weights, ({ o, c, p }) =>
      matrix.places?.of === 'kernel' ? `${o} ${p} ${Math.floor(c / 4)}` : `${o} ${Math.floor((c * pixels + p) / 4)}`,
    ).values(),
  ]

  it('keeps the largest n of every m along the input dimension: no other choice is nearer', () => {
    check(
      fc.property(multiples, ratios, (size, [pattern, n, m]) => {
        const layer = layerOf(size)
        const mask = projectionMask(layer.matrix, pattern, m / n)
        for (const members of groupsOf(layer)) {
          const square = ({ index }: Weight): number => (layer.matrix.values[index] ?? 0) ** 2
          const stay = members.filter(({ index }) => mask[index] === 1)
          expect([members.length, stay.length]).toEqual([m, n])
          const least = Math.min(...stay.map(square))
          expect(members.filter((weight) => square(weight) > least)).toHaveLength(n - 1)
        }
        expect(again(layer, mask, pattern, m / n)).toEqual(mask)
      }),
    )
  })

  it('keeps more of each group at a lower rate, as while the rate grows', () => {
    check(
      fc.property(multiples, fc.double({ min: 1, max: 2, noNaN: true }), (size, rate) => {
        const layer = layerOf(size)
        const mask = projectionMask(layer.matrix, '2:4', rate)
        const counts = groupsOf(layer).map((members) => members.filter(({ index }) => mask[index] === 1).length)
        expect(new Set(counts)).toEqual(new Set([Math.ceil(4 / rate - 1e-9)]))
      }),
    )
  })

  it('has one rate, if the number of inputs is a multiple of m', () => {
    const limits = (channels: number, of: Places['of']) =>
      ruleOf('2:4')?.limits({ rows: 9 * channels, columns: 5, places: { count: 9, of } })
    expect(limits(8, 'kernel')).toEqual({ least: 2, most: 2, leaves: '2 of 4 weights' })
    expect(limits(3, 'kernel')).toMatchObject({ most: 1, leaves: 'it whole: its 3 inputs are not a multiple of 4' })
    // As inputs of a linear layer there are 27.
    expect(limits(3, 'image')).toMatchObject({ most: 1, leaves: 'it whole: its 27 inputs are not a multiple of 4' })
    expect(limits(4, 'image')).toMatchObject({ most: 2 })
  })
})

describe('kernel patterns', () => {
  const kernels = sizes(fc.integer({ min: 1, max: 8 }), fc.constant<Places['of']>('kernel')).map((size) => ({
    ...size,
    edge: 3,
    wide: 3,
  }))

  const shapesOf = ({ weights }: Layer, mask: Uint8Array) =>
    [...groupBy(weights, ({ o, c }) => `${o} ${c}`).values()].map((members) => ({
      members,
      shape: members.flatMap(({ p, index }) => (mask[index] === 1 ? [p] : [])),
    }))

  it('keep that many weights of each kernel, in the nearest of at most 8 shapes', () => {
    check(
      fc.property(
        kernels,
        fc.constantFrom([9 / 4, 4] as const, [3, 3] as const, [9, 1] as const),
        (size, [rate, n]) => {
          const layer = layerOf(size)
          const mask = projectionMask(layer.matrix, 'kernel', rate)
          const found = shapesOf(layer, mask)
          expect(new Set(found.map(({ shape }) => shape.length))).toEqual(new Set([n]))
          const shapes = [...new Map(found.map(({ shape }) => [shape.join(), shape])).values()]
          expect(shapes.length).toBeLessThanOrEqual(8)
          for (const { members, shape } of found) {
            const norm = (pixels: readonly number[]): number =>
              members.reduce(
                (sum, { p, index }) => sum + (pixels.includes(p) ? (layer.matrix.values[index] ?? 0) ** 2 : 0),
                0,
              )
            expect(norm(shape)).toBe(Math.max(...shapes.map(norm)))
          }
          expect(again(layer, mask, 'kernel', rate)).toEqual(mask)
        },
      ),
    )
  })

  it('keep the largest weights of every kernel if 8 shapes cover them', () => {
    const layer = layerOf({ of: 'kernel', edge: 3, channels: 2, out: 4, seed: 3 })
    const mask = projectionMask(layer.matrix, 'kernel', 3)
    for (const { members, shape } of shapesOf(layer, mask)) {
      const largest = members.toSorted(
        (a, b) => Math.abs(layer.matrix.values[b.index] ?? 0) - Math.abs(layer.matrix.values[a.index] ?? 0),
      )
      expect(shape).toEqual(
        largest
          .slice(0, 3)
          .map(({ p }) => p)
          .sort(),
      )
    }
  })

  it('do not apply to linear layers', () => {
    const shape = { rows: 72, columns: 4 }
    expect(ruleOf('kernel')?.limits({ ...shape, places: { count: 9, of: 'image' } }).most).toBe(1)
    expect(ruleOf('kernel')?.limits({ ...shape, places: { count: 9, of: 'kernel' } }).most).toBe(9)
  })
})

describe('hard thresholding', () => {
  it("at the projection's own threshold is the projection, for every pattern", () => {
    const every = fc.constantFrom<Pattern>(...patterns, '4x1', '2:4', 'kernel')
    check(
      fc.property(sizes(fc.constantFrom(4, 8)), every, fc.constantFrom(1.5, 2), (size, pattern, rate) => {
        const { matrix } = layerOf(size)
        const threshold = projectionThreshold([matrix], pattern, rate)
        expect(thresholdMasks([matrix], pattern, threshold)).toEqual([projectionMask(matrix, pattern, rate)])
        expectEvery(thresholdMasks([matrix], pattern, 0)[0] ?? [], (bit) => bit === 1)
      }),
    )
  })

  /** At most six weights, so that all combinations of `LEVELS` can be tried. */
  const few = fc
    .tuple(
      fc.constantFrom(
        { edge: 1, channels: 1, out: 6 },
        { edge: 1, channels: 6, out: 1 },
        { edge: 1, channels: 2, out: 3 },
        { edge: 1, channels: 3, out: 2 },
        { edge: 2, channels: 1, out: 1 },
      ),
      fc.nat(1e6),
    )
    .map(([shape, seed]): Layer => layerOf({ of: 'kernel', ...shape, seed }))

  /** Candidate values of a weight, relative to it: dropped, shrunk, unchanged, grown. */
  const LEVELS = [0, 0.5, 1, 1.5]

  /** All v, sorted by the cost ½‖v − w‖² + τ·(groups of v that are not 0). */
  const byCost = (layer: Layer, pattern: Pattern, tau: number) => {
    const values = Array.from(layer.matrix.values)
    const groups = [...groupBy(layer.weights, (weight) => nameIn(layer)[pattern]?.(weight) ?? '').values()]
    return Array.from({ length: LEVELS.length ** values.length }, (_, number) => {
      const v = values.map((w, i) => w * (LEVELS[Math.floor(number / LEVELS.length ** i) % LEVELS.length] ?? 0))
      const distance = values.reduce((sum, w, i) => sum + ((v[i] ?? 0) - w) ** 2, 0)
      const used = groups.filter((members) => members.some(({ index }) => v[index] !== 0)).length
      return { v, cost: distance / 2 + tau * used }
    }).toSorted((a, b) => a.cost - b.cost)
  }

  it('at the threshold √(2τ) minimises ½‖v − w‖² + τ·‖v‖₀ over v, for single weights and for groups', () => {
    fc.assert(
      fc.property(few, scored, fc.double({ min: 0.01, max: 60, noNaN: true }), (layer, pattern, tau) => {
        const [best, second] = byCost(layer, pattern, tau)
        // A tie may be broken either way.
        fc.pre((second?.cost ?? 0) - (best?.cost ?? 0) > 1e-9)
        const [mask = new Uint8Array(0)] = thresholdMasks([layer.matrix], pattern, Math.sqrt(2 * tau))
        expect(Array.from(layer.matrix.values, (w, i) => (mask[i] === 1 ? w : 0))).toEqual(
          best?.v.map((value) => value + 0),
        )
      }),
      { numRuns: 300, seed: 22 },
    )
  })
})

describe('names', () => {
  it.each(['4:2', '4:4', '0:4', '2:', '4x', 'x', '0x1', '2:4:8', 'diagonal', '1.5:4'])(
    '%s is not a pattern',
    (name) => {
      expect(ruleOf(name)).toBeUndefined()
    },
  )
})
