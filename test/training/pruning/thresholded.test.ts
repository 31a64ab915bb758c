/** Hard thresholding of a whole network: the proximal step of the ℓ0 penalty. */
import { describe, expect, it } from 'vitest'
import { type Parameter, parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { thresholded } from '../../../src/training/pruning/pruning.js'
import type { LayerRate } from '../../../src/training/pruning/rates.js'
import { normalisedNet } from '../../support/context.js'
import { seededNumbers } from '../../support/numbers.js'

const parameters = parametersOf(normalisedNet)

const layer = (wanted: string, together?: number): LayerRate => {
  const parameter = parameters.find(({ node, role }) => node === wanted && role === 'weight')
  if (!parameter) throw new Error(`no ${wanted}`)
  return { parameter, rate: 2, ...(together === undefined ? {} : { together }) }
}

const weights = seededNumbers(7, parameterCount(normalisedNet))

/** The places of a layer's groups in the flat vector, whose last dimension is its outputs. */
const groupsOf = (
  { offset, size, shape }: Parameter,
  groupAt: (place: number, outputs: number) => number,
): readonly (readonly number[])[] => {
  const groups: number[][] = []
  for (let place = 0; place < size; place++) {
    const group = groupAt(place, shape.at(-1) ?? 1)
    groups[group] = [...(groups[group] ?? []), offset + place]
  }
  return groups
}

/** min over v of ½‖v − w‖² + τ·1[v ≠ 0], τ = ½t²: w itself costs τ, and 0 costs ½‖w‖². */
const cheaper = (group: readonly number[], threshold: number): 'stays' | 'goes' => {
  const toDrop = group.reduce((sum, at) => sum + (weights[at] ?? 0) ** 2 / 2, 0)
  return threshold ** 2 / 2 < toDrop ? 'stays' : 'goes'
}

/** The unchanged values, bit for bit, and 0 for the pruned ones. */
const expectedOf = (all: readonly { readonly group: readonly number[]; readonly threshold: number }[]) => {
  const expected = weights.slice()
  const fates = all.map(({ group, threshold }) => {
    const fate = cheaper(group, threshold)
    if (fate === 'goes') for (const at of group) expected[at] = 0
    return fate
  })
  // Both must occur: otherwise the test checks nothing.
  expect(new Set(fates).size).toBe(2)
  return expected
}

const given = weights.slice()

describe.each([
  // Weights lie in [−1, 1): a group's norm is about √(its size / 3).
  ['irregular', (place: number) => place, [0.2, 0.5, 0.9]],
  ['filter', (place: number, outputs: number) => place % outputs, [1.6, 3.4, 2.9]],
  ['column', (place: number, outputs: number) => Math.floor(place / outputs), [1.1, 1.4, 1]],
] as const)('pattern %s', (pattern, groupAt, thresholds) => {
  it('thresholds each layer by its own value; kept weights and all other parameters are unchanged', () => {
    const rates = [layer('conv1'), layer('conv2'), layer('fc')]
    const found = thresholded(weights, { pattern, rates }, (i) => thresholds[i] ?? 0)
    const groups = rates.flatMap(({ parameter }, i) =>
      groupsOf(parameter, groupAt).map((group) => ({ group, threshold: thresholds[i] ?? 0 })),
    )
    expect(found).toEqual(expectedOf(groups))
    expect(weights).toEqual(given)
  })

  it('changes nothing if the threshold is 0', () => {
    const rates = [layer('conv1'), layer('conv2'), layer('fc')]
    expect(thresholded(weights, { pattern, rates }, () => 0)).toEqual(weights)
  })
})

it('layers that lose the same filters are pruned by the norm over all of them, with one threshold after those of single layers', () => {
  const rates = [layer('conv2', 0), layer('conv1'), layer('shortcut.0', 0)]
  const found = thresholded(weights, { pattern: 'filter', rates }, (i) => [1.6, 3.7][i] ?? 0)
  const filters = (wanted: string) => groupsOf(layer(wanted).parameter, (place, outputs) => place % outputs)
  const shortcut = filters('shortcut.0')
  const groups = [
    ...filters('conv1').map((group) => ({ group, threshold: 1.6 })),
    ...filters('conv2').map((group, i) => ({ group: [...group, ...(shortcut[i] ?? [])], threshold: 3.7 })),
  ]
  expect(found).toEqual(expectedOf(groups))
})
