import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillSigns, fillUniform, permutation, philox4x32, stream } from '../../src/math/random.js'
import { expectEvery } from '../support/expectEvery.js'

const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, () => next())
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const variance = (values: readonly number[]): number => {
  const m = mean(values)
  return mean(values.map((v) => (v - m) ** 2))
}

describe('philox4x32: known answers of Random123 (kat_vectors, philox4x32 10)', () => {
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('counter %j, key %j', (counter, key, expected) => {
    const words = philox4x32(counter, key)
    expect([...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(expected)
  })
})

describe('stream', () => {
  const key = fc.oneof(fc.integer(), fc.string(), fc.double({ noNaN: true }))

  it('is a function of the seed and the keys', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(key, { maxLength: 4 }), (seed, keys) => {
        const [a, b] = [stream(seed, ...keys), stream(seed, ...keys)]
        expect(draw(9, () => a.uint32())).toEqual(draw(9, () => b.uint32()))
      }),
    )
  })

  it('differs if the seed or a key differs', () => {
    const heads = [
      stream(0),
      stream(1),
      stream(2 ** 32),
      stream(0.5),
      stream(-1),
      stream(0, 0),
      stream(0, 0, 0),
      stream(0, 1),
      stream(1, 0),
      stream(0, '0'),
      stream(0, ''),
      stream(0, 'a', 'b'),
      stream(0, 'b', 'a'),
      stream(0, 'ab'),
      stream(0, 'perturb', 1),
      stream(0, 'perturb', 2),
    ].map((s) => draw(2, () => s.uint32()).join())
    expect(new Set(heads).size).toBe(heads.length)
  })

  it('treats −0 as 0', () => {
    expect(stream(-0).uint32()).toBe(stream(0).uint32())
  })

  it('gives the recorded words', () => {
    // Stored runs are reproducible only if this holds.
    const s = stream(7, 'pinned', 3)
    expect(draw(5, () => s.uint32())).toMatchInlineSnapshot(`
      [
        4069631634,
        722101188,
        3255978947,
        416377837,
        4212219659,
      ]
    `)
  })

  it('neighbouring keys give uncorrelated streams', () => {
    const a = stream(1, 'x', 0)
    const b = stream(1, 'x', 1)
    const n = 50_000
    const products = draw(n, () => (a.uniform() - 0.5) * (b.uniform() - 0.5))
    expect(Math.abs(mean(products)) * 12).toBeLessThan(5 / Math.sqrt(n))
  })

  it('uniform: multiples of 2⁻²⁴ in [0, 1), mean 1/2, variance 1/12', () => {
    const s = stream(2, 'uniform')
    const values = draw(100_000, () => s.uniform())
    expectEvery(values, (v) => v >= 0 && v < 1 && Number.isInteger(v * 2 ** 24))
    expect(mean(values)).toBeCloseTo(0.5, 2)
    expect(variance(values)).toBeCloseTo(1 / 12, 2)
  })

  it('normal: mean 0, variance 1, kurtosis 3, finite', () => {
    const s = stream(3, 'normal')
    const values = draw(200_000, () => s.normal())
    expectEvery(values, (v) => Math.abs(v) < 6.8)
    expect(Math.abs(mean(values))).toBeLessThan(0.012)
    expect(variance(values)).toBeCloseTo(1, 1)
    expect(mean(values.map((v) => v ** 4))).toBeGreaterThan(2.9)
    expect(mean(values.map((v) => v ** 4))).toBeLessThan(3.1)
  })

  it('int: each value equally often', () => {
    const s = stream(4, 'int')
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) {
      const value = s.int(7)
      counts[value] = (counts[value] ?? 0) + 1
    }
    // Chi-squared with 6 degrees of freedom exceeds 22.5 for 1 in 1,000 seeds; this seed is fixed.
    expect(counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0)).toBeLessThan(22.5)
  })

  it('int: 2³² gives the whole word, and anything but an integer in [1, 2³²] is refused', () => {
    expect(stream(5).int(2 ** 32)).toBe(stream(5).uint32())
    expect(stream(5).int(1)).toBe(0)
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => stream(5).int(bad)).toThrow(RangeError)
  })
})

describe('permutation', () => {
  it('holds each number once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 200 }), (seed, n) => {
        expect([...permutation(n, stream(seed))].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
    )
  })

  it('gives each order of 3 equally often', () => {
    const s = stream(6, 'orders')
    const counts = new Map<string, number>()
    for (let i = 0; i < 60_000; i++) {
      const order = permutation(3, s).join()
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    expect([...counts.values()].reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0)).toBeLessThan(20.5)
  })
})

describe('fill', () => {
  it('fillUniform: within [lo, hi] as float32, any length', () => {
    fc.assert(
      fc.property(fc.nat({ max: 50 }), fc.float({ noNaN: true, min: -10, max: 10 }), (length, lo) => {
        const out = new Float32Array(length).fill(Number.NaN)
        fillUniform(out, lo, lo + 0.25, stream(8))
        const hi = Math.fround(lo + 0.25)
        expect(out.filter((v) => !(v >= lo && v <= hi))).toEqual(new Float32Array(0))
      }),
    )
  })

  it('fillSigns: −1 or 1, balanced, any length', () => {
    for (const length of [0, 1, 31, 32, 33, 100_000]) {
      const out = new Float32Array(length)
      fillSigns(out, stream(9))
      expect(out.filter((v) => v !== 1 && v !== -1)).toEqual(new Float32Array(0))
      if (length === 100_000) expect(Math.abs(mean([...out]))).toBeLessThan(0.02)
    }
  })
})
