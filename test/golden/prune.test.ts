import { beforeAll, describe, expect, it } from 'vitest'
import type { Pattern } from '../../src/math/patterns.js'
import { projectionMask } from '../../src/math/projection.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { indexOf } from '../../src/models/parameters/torchOrder.js'
import { mnistNet } from '../../src/models/zoo/zoo.js'
import { describeGolden, ownName, readGolden, readPublicNetwork } from '../support/golden.js'

interface Case {
  readonly shape: readonly number[]
  readonly threshold: number
  readonly n: number
  readonly kept_weight_nonzero: number
  readonly sum_f64: number
  readonly l1_f64: number
  readonly first20_kept_flat_idx: readonly number[]
  readonly last5_kept_flat_idx: readonly number[]
  readonly n_groups_kept: number | null
  readonly groups_first40: readonly number[] | null
}

/** Relative to Σ|w|, for sums in float64 that differ only in their order. */
const SUM = 1e-12

/** Relative, for L2 norms: the reference computes them in float32. */
const NORM = 1e-6

const shapeOf = (shape: readonly number[]) => {
  const out = shape[0] ?? 1
  const size = shape.reduce((a, b) => a * b, 1)
  return { out, inputs: size / out, size }
}

describeGolden('projections of mnist_fastat_pgd', () => {
  const { cases } = readGolden<{ readonly cases: Readonly<Record<string, Case>> }>('prune')
  let weights = new Float32Array(0)
  beforeAll(async () => {
    weights = Float32Array.from((await readPublicNetwork('mnist_fastat_pgd')).weights)
  })

  it.each(Object.entries(cases))('%s', (title, golden) => {
    const [goldenName = '', pattern, rate = ''] = title.split('/')
    const parameter = parametersOf(mnistNet).find(({ name }) => name === ownName(goldenName))
    if (!parameter) throw new Error(`no ${goldenName}`)
    const { offset, size } = parameter
    const { out, inputs } = shapeOf(golden.shape)
    expect(parameter.torchShape).toEqual(golden.shape)
    expect(size).toBe(golden.n)
    const values = weights.subarray(offset, offset + size)
    const mask = projectionMask({ values, rows: inputs, columns: out }, pattern as Pattern, Number.parseInt(rate, 10))

    const torch = { values: new Float32Array(size), mask: new Uint8Array(size) }
    for (const [i, to] of indexOf(parameter.torchAxes).entries()) {
      torch.values[to] = values[i] ?? Number.NaN
      torch.mask[to] = mask[i] ?? 0
    }
    const kept = Array.from(torch.mask.keys()).filter((i) => torch.mask[i] === 1)
    expect(kept.length).toBe(golden.kept_weight_nonzero)
    expect(kept.slice(0, 20)).toEqual(golden.first20_kept_flat_idx)
    expect(kept.slice(-5)).toEqual(golden.last5_kept_flat_idx)
    const sum = kept.reduce((total, i) => total + Number(torch.values[i]), 0)
    const l1 = kept.reduce((total, i) => total + Math.abs(Number(torch.values[i])), 0)
    expect(Math.abs(sum - golden.sum_f64)).toBeLessThan(SUM * golden.l1_f64)
    expect(Math.abs(l1 - golden.l1_f64)).toBeLessThan(SUM * golden.l1_f64)

    const groupOf = new Map([
      ['irregular', (i: number) => i],
      ['filter', (i: number) => Math.floor(i / inputs)],
      ['column', (i: number) => i % inputs],
    ]).get(pattern ?? '')
    if (!groupOf) throw new Error(`no groups of pattern ${pattern}`)
    const squares = new Map<number, number>()
    for (const [i, value] of torch.values.entries())
      squares.set(groupOf(i), (squares.get(groupOf(i)) ?? 0) + value ** 2)
    const groups = [...new Set(kept.map(groupOf))].sort((a, b) => a - b)
    if (golden.groups_first40) expect(groups.slice(0, 40)).toEqual(golden.groups_first40)
    if (golden.n_groups_kept !== null) expect(groups.length).toBe(golden.n_groups_kept)
    // The golden threshold separates kept from dropped scores, and no score equals it.
    const isKept = new Set(groups)
    const scores = { lowestKept: Infinity, highestDropped: 0 }
    for (const [group, square] of squares) {
      if (isKept.has(group)) scores.lowestKept = Math.min(scores.lowestKept, Math.sqrt(square))
      else scores.highestDropped = Math.max(scores.highestDropped, Math.sqrt(square))
    }
    expect(scores.lowestKept).toBeGreaterThan(golden.threshold * (1 - NORM))
    expect(scores.highestDropped).toBeLessThan(golden.threshold * (1 + NORM))
  })
})

describe('scores equal to the threshold', () => {
  // Five groups at rate 2: the 50 % percentile is the third score, 3, which two groups have.
  const scores = [1, 3, 5, 3, 2]
  const kept = (pattern: Pattern, rows: number, columns: number): readonly number[] =>
    Array.from(projectionMask({ values: Float32Array.from(scores), rows, columns }, pattern, 2))

  it('survive for single weights and columns, but not for filters', () => {
    expect(kept('irregular', 1, 5)).toEqual([0, 1, 1, 1, 0])
    expect(kept('column', 5, 1)).toEqual([0, 1, 1, 1, 0])
    expect(kept('filter', 1, 5)).toEqual([0, 0, 1, 0, 0])
  })

  it('the threshold between two scores is interpolated as by numpy.percentile', () => {
    // At rate 3, position (4 − 1)·(1 − 1/3) = 2 is the third of 1, 2, 4, 8; at rate 4 it is 4 + (8 − 4)·0.25 = 5.
    const mask = (rate: number): readonly number[] =>
      Array.from(projectionMask({ values: Float32Array.of(8, -1, 4, -2), rows: 2, columns: 2 }, 'irregular', rate))
    expect(mask(3)).toEqual([1, 0, 1, 0])
    expect(mask(4)).toEqual([1, 0, 0, 0])
  })
})
