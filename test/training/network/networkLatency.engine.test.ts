/** The timing of two networks, which leaves no tensors. */

import { expect, it } from 'vitest'
import { shrinkNetwork } from '../../../src/models/shrink/shrinkNetwork.js'
import { networkLatency } from '../../../src/training/network/networkLatency.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { pruningTask } from '../../../src/training/pruning/pruningTask.js'
import { normalised } from '../../models/fixtures.js'
import { memory, turns } from '../../support/context.js'
import { expectEvery } from '../../support/expectEvery.js'
import { seededNetwork } from '../../support/randomNetworks.js'

it('each layer in use, by the name that it has in training, and the whole, of both', async () => {
  const { weights, statistics } = seededNetwork(normalised)
  const mask = maskOf(normalised, weights, pruningTask('test', normalised, 'filter', 2, ['head']))
  const pruned = { architecture: normalised, weights: weights.map((w, i) => w * (mask[i] ?? 0)), statistics, mask }
  const before = memory()
  const found = networkLatency(pruned, shrinkNetwork(pruned))
  await turns()
  expect(memory()).toEqual(before)
  // Batch normalisations, except two, are parts of the convolutions before them; ReLUs are parts of the layers before them.
  const names = ['conv1', 'conv2', 'sum', 'shared', 'bn3', 'add-10', 'maxPool2d-11', 'bn4', 'flatten-14', 'head']
  for (const { whole, layers } of [found.before, found.after]) {
    expect(layers.map(({ layer }) => layer)).toEqual(expect.arrayContaining(names))
    expectEvery(layers, ({ seconds }) => seconds >= 0)
    expect(whole).toBeGreaterThan(0)
  }
  expect(found.images).toBe(16)
})
