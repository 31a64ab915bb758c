/** Small blocks of DenseNet, SqueezeNet, ShuffleNet and others as PyTorch exports them: scripts/golden_channels.py. */
import { describe, expect, it } from 'vitest'
import type { Layer } from '../../src/models/layers/layer.js'
import { exportedBlocks, summaryOf } from '../support/exportedBlocks.js'
import { distance } from '../support/numbers.js'

/** PyTorch's are in float64. */
const VALUES = 1e-5
const GRADIENTS = 1e-4

const { cases, read, logitsInUse, inTraining } = exportedBlocks('channels')

/** How many layers of each of these types the file of a block becomes. */
const types: Readonly<Record<string, Partial<Record<Layer['type'], number>>>> = {
  dense: { concat: 2 },
  fire: { concat: 1 },
  // Of each unit: two halves, one of them shuffled and halved at once.
  shuffle: { concat: 2, selectChannels: 5 },
  gate: { multiply: 3 },
  shortcut: { selectChannels: 1, maxPool2d: 1 },
  cells: { concat: 2, maxPool2d: 3 },
  parts: { concat: 2, multiply: 2, selectChannels: 6 },
}

describe.each(cases)('%s', (file, name, block) => {
  it('has the layers of its file, and PyTorch’s logits in use', async () => {
    const network = await read(file)
    const all = network.architecture.nodes.map(({ layer }) => layer.type)
    const wanted = types[name] ?? {}
    const joins: readonly Layer['type'][] = ['concat', 'selectChannels', 'multiply', 'scale', 'maxPool2d']
    for (const type of joins)
      expect([type, all.filter((each) => each === type).length]).toEqual([type, wanted[type] ?? 0])
    expect(distance(logitsInUse(network), block.use.flat())).toBeLessThan(VALUES)
  })

  it('has PyTorch’s logits in training, and its gradients by weights and images', async () => {
    const { architecture: net, weights } = await read(file)
    const { logits, byTensor: named, byImages } = inTraining(net, weights)
    // A factor after the last layer is part of its weights, so their gradients are divided by it.
    const factor = { gate: 2.5, shortcut: 2 }[name] ?? 1
    const inOrder = block.tensors.flatMap(([tensor]) =>
      [...(named.get(tensor)?.data ?? [])].map((value) => (tensor.startsWith('fc.') ? value * factor : value)),
    )
    expect(distance(logits, block.training.flat())).toBeLessThan(VALUES)
    expect(distance(summaryOf(Float32Array.from(inOrder)), block.weight_gradient)).toBeLessThan(GRADIENTS)
    expect(distance(summaryOf(byImages), block.image_gradient)).toBeLessThan(GRADIENTS)
  })
})
