import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { residualsOf, type Split, updateSplit } from '../../src/math/admm.js'
import { projectionMask } from '../../src/math/projection.js'

/** As numbers, with 0 for the −0 that a mask makes of a negative value. */
const plain = ({ z, u }: Split) => ({ z: Array.from(z, (value) => value + 0), u: Array.from(u, (value) => value + 0) })

const half = (values: Float32Array): Uint8Array =>
  projectionMask({ values, rows: values.length, columns: 1 }, 'irregular', 2)

describe('an update of Z and U', () => {
  test('the first sets Z = Π(W) and U = 0, later ones use W + U', () => {
    const first = updateSplit(Float32Array.of(3, -1, 0.5, 2), undefined, half)
    expect(plain(first)).toEqual({ z: [3, 0, 0, 2], u: [0, 0, 0, 0] })
    const second = updateSplit(Float32Array.of(3, -2, 0.5, 1), Float32Array.of(0, -1, 0, 0), half)
    expect(plain(second)).toEqual({ z: [3, -3, 0, 0], u: [0, 0, 0.5, 1] })
  })

  test('U grows by W − Z, and each Z is 0 or W + U', () => {
    const numbers = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 9 })
    const pairs = numbers.chain((w) =>
      fc.tuple(
        fc.constant(w),
        fc.array(fc.integer({ min: -99, max: 99 }), { minLength: w.length, maxLength: w.length }),
      ),
    )
    fc.assert(
      fc.property(pairs, ([one, other]) => {
        const [w, u] = [Float32Array.from(one), Float32Array.from(other)]
        const split = updateSplit(w, u, half)
        const { z: kept, u: moved } = plain(split)
        for (const [i, z] of kept.entries()) {
          const sum = (w[i] ?? 0) + (u[i] ?? 0)
          expect([0, sum]).toContain(z)
          expect(moved[i]).toBe(sum - z)
        }
      }),
    )
  })
})

test('residuals: ‖W − Z‖, and ρ‖Z − Z_before‖ if there is a Z_before, over the prunable weights', () => {
  const [w, z, before] = [Float32Array.of(3, 4, 9), Float32Array.of(0, 0, 0), [0, 2, 5]]
  expect(residualsOf({ w, z, before: undefined, rho: 1 }, (i) => i < 2)).toEqual({ primal: 5, dual: 0 })
  expect(residualsOf({ w, z, before, rho: 0.5 }, (i) => i < 2)).toEqual({ primal: 5, dual: 1 })
  expect(residualsOf({ w, z: w, before: w, rho: 1 })).toEqual({ primal: 0, dual: 0 })
})
