import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CurvePoints, makeCurves } from '../../../src/report/figures/curves.js'

/** The sum over the steps of each point of a curve in which every step has a value. */
const sumsOf = ({ width, columns }: CurvePoints, steps: number) =>
  (columns.loss ?? []).map((mean, i) => (mean ?? 0) * Math.min(width, steps - i * width))

describe('curves', () => {
  test('cover every step with a bounded number of points', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), (steps) => {
        const curves = makeCurves()
        for (let step = 1; step <= steps; step++) curves.add(step, [['loss', 1 + (step % 7)]])
        const all = curves.all()
        const length = all.columns.loss?.length ?? 0
        expect(length).toBe(Math.ceil(steps / all.width))
        expect(length).toBeLessThanOrEqual(1024)
        if (steps > 1024) expect(length).toBeGreaterThanOrEqual(512)
        const wanted = Array.from({ length: steps }, (_, i) => 1 + ((i + 1) % 7)).reduce((sum, value) => sum + value, 0)
        const found = sumsOf(all, steps).reduce((sum, value) => sum + value, 0)
        expect(Math.abs(found / wanted - 1)).toBeLessThan(1e-5)
      }),
      { numRuns: 25 },
    )
  })

  test('the changes add up to the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 12 }), (parts) => {
        const curves = makeCurves()
        let have: (number | null)[] = []
        let step = 0
        for (const part of parts) {
          for (let i = 0; i < part; i++) {
            step += 1
            curves.add(step, [['loss', step]])
          }
          const changes = curves.changes()
          have = [...have.slice(0, changes?.from), ...(changes?.columns.loss ?? [])]
        }
        expect(have).toEqual(curves.all().columns.loss)
        expect(curves.changes()).toBeUndefined()
      }),
    )
  })

  test('have a gap where a term is missing', () => {
    const curves = makeCurves()
    curves.add(1, [['loss', 1]])
    curves.add(2, [
      ['loss', 1],
      ['term admm', 3],
    ])
    curves.add(3, [['loss', 1]])
    expect(curves.all()).toEqual({ width: 1, from: 0, columns: { loss: [1, 1, 1], 'term admm': [null, 3, null] } })
  })

  test('keep the first figures only, if a file names very many', () => {
    const curves = makeCurves()
    const names = Array.from({ length: 10_000 }, (_, i) => `t${i}`)
    curves.add(
      1,
      names.map((name, i) => [name, i] as const),
    )
    curves.add(2, [['t255', 3]])
    expect(Object.keys(curves.all().columns)).toEqual(names.slice(0, 256))
    expect(curves.all().columns.t255).toEqual([255, 3])
  })
})
