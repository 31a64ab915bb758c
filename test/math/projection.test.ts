import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { patterns } from '../../src/math/patterns.js'
import { projectionMask } from '../../src/math/projection.js'
import { permutation, stream } from '../../src/math/random.js'
import type { WeightMatrix } from '../../src/math/weightMatrix.js'
import { expectEvery } from '../support/expectEvery.js'

const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 12 }),
  columns: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(1e6),
})

/** All magnitudes differ, so the groups' norms almost always differ, too. */
const distinct = ({
  rows,
  columns,
  seed,
}: {
  readonly rows: number
  readonly columns: number
  readonly seed: number
}): WeightMatrix => {
  const random = stream(seed, 'weights')
  const order = permutation(rows * columns, random)
  return { rows, columns, values: Float32Array.from(order, (rank) => (rank + 1) * (random.uniform() < 0.5 ? -1 : 1)) }
}

const rates = fc.double({ min: 1, max: 40, noNaN: true })
const pattern = fc.constantFrom(...patterns)

const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 200, seed: 12 })

const masked = ({ values, ...shape }: WeightMatrix, mask: Uint8Array): WeightMatrix => ({
  ...shape,
  values: values.map((value, i) => (mask[i] === 1 ? value : 0)),
})

const groupOf: Readonly<Record<(typeof patterns)[number], (matrix: WeightMatrix, index: number) => number>> = {
  irregular: (_matrix, index) => index,
  filter: ({ columns }, index) => index % columns,
  column: ({ columns }, index) => Math.floor(index / columns),
  // One pixel: a channel is a column.
  channel: ({ columns }, index) => Math.floor(index / columns),
}

/** The squared norm of each group, and whether all, none or some of it is kept. */
const groupsOf = (matrix: WeightMatrix, mask: Uint8Array, by: (typeof patterns)[number]) => {
  const groups = new Map<number, { square: number; kept: Set<number> }>()
  for (const [i, value] of matrix.values.entries()) {
    const group = groups.get(groupOf[by](matrix, i)) ?? { square: 0, kept: new Set<number>() }
    group.square += value ** 2
    group.kept.add(mask[i] ?? -1)
    groups.set(groupOf[by](matrix, i), group)
  }
  return [...groups.values()]
}

describe('projectionMask', () => {
  it('keeps or drops a group as a whole, and keeps the largest', () => {
    check(
      fc.property(shapes, pattern, rates, (shape, by, rate) => {
        const matrix = distinct(shape)
        const groups = groupsOf(matrix, projectionMask(matrix, by, rate), by)
        expectEvery(groups, ({ kept }) => kept.size === 1)
        const kept = groups.filter((group) => group.kept.has(1)).map(({ square }) => square)
        const dropped = groups.filter((group) => group.kept.has(0)).map(({ square }) => square)
        expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(0, ...dropped))
      }),
    )
  })

  it('keeps exactly as many groups as the percentile leaves', () => {
    check(
      fc.property(shapes, fc.constantFrom(2, 3, 4, 8, 16), (shape, rate) => {
        const matrix = distinct(shape)
        const n = matrix.values.length
        const kept = projectionMask(matrix, 'irregular', rate).reduce<number>((a, b) => a + b, 0)
        // The threshold is at position (n − 1)(1 − 1/rate) of the sorted scores; scores equal to it or above stay.
        expect(kept).toBe(n - Math.ceil((n - 1) * (1 - 1 / rate)))
        if (n % rate === 0 && n > 1) expect(kept).toBe(n / rate)
      }),
    )
  })

  it('projecting a tie-free matrix again at the same rate drops nothing more', () => {
    check(
      fc.property(shapes, rates, (shape, rate) => {
        const matrix = distinct(shape)
        const first = projectionMask(matrix, 'irregular', rate)
        const again = projectionMask(masked(matrix, first), 'irregular', rate)
        expect(again).toEqual(first)
      }),
    )
  })

  it('is idempotent for columns, too', () => {
    check(
      fc.property(shapes, rates, (shape, rate) => {
        const matrix = distinct(shape)
        const first = projectionMask(matrix, 'column', rate)
        expect(projectionMask(masked(matrix, first), 'column', rate)).toEqual(first)
      }),
    )
  })

  it('is idempotent for filters if the threshold lies between two scores', () => {
    check(
      fc.property(shapes, fc.constantFrom(2, 4, 8), (shape, rate) => {
        // (columns − 1)(1 − 1/rate) is not an integer if rate divides columns.
        const matrix = distinct({ ...shape, columns: rate * (1 + (shape.columns % 3)) })
        const first = projectionMask(matrix, 'filter', rate)
        expect(projectionMask(masked(matrix, first), 'filter', rate)).toEqual(first)
        expect(first.reduce<number>((a, b) => a + b, 0)).toBe(matrix.values.length / rate)
      }),
    )
  })

  it('rate 1 keeps everything, zeros too', () => {
    check(
      fc.property(shapes, pattern, (shape, by) => {
        const matrix = distinct(shape)
        expectEvery(projectionMask(matrix, by, 1), (bit) => bit === 1)
        expect(projectionMask({ ...matrix, values: new Float32Array(matrix.values.length) }, by, 1)).toEqual(
          new Uint8Array(matrix.values.length).fill(1),
        )
      }),
    )
  })

  it('pruned weights stay pruned, even at a lower rate', () => {
    check(
      fc.property(shapes, pattern, rates, fc.double({ min: 1.001, max: 4, noNaN: true }), (shape, by, rate, lower) => {
        const matrix = distinct(shape)
        const first = projectionMask(matrix, by, rate)
        const second = projectionMask(masked(matrix, first), by, lower)
        for (const [i, bit] of first.entries()) if (bit === 0) expect(second[i]).toBe(0)
      }),
    )
  })

  it('does not change its input, and does not depend on signs or scale', () => {
    check(
      fc.property(shapes, pattern, rates, (shape, by, rate) => {
        const matrix = distinct(shape)
        const before = Float32Array.from(matrix.values)
        const mask = projectionMask(matrix, by, rate)
        expect(matrix.values).toEqual(before)
        expect(projectionMask({ ...matrix, values: before.map((value) => -4 * value) }, by, rate)).toEqual(mask)
      }),
    )
  })
})
