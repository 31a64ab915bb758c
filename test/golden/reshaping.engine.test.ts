/** Vectors as tokens, joined vectors, cut images and other ways of attention, as PyTorch exports them: scripts/golden_reshaping.py. */
import { describe, expect, it } from 'vitest'
import type { Layer } from '../../src/models/layers/layer.js'
import { exportedBlocks, summaryOf } from '../support/exportedBlocks.js'
import { distance } from '../support/numbers.js'

/** PyTorch's are in float64. */
const VALUES = 1e-5
const GRADIENTS = 1e-4

const { cases, read, logitsInUse, inTraining } = exportedBlocks('reshaping')

/** The layers that move numbers, or attend, in the file of a network, in order. */
const types: Readonly<Record<string, readonly Layer['type'][]>> = {
  keys: ['flatten', 'unflatten', 'attention', 'flatten'],
  pixels: ['attention', 'flatten'],
  joined: ['flatten', 'flatten', 'unflatten', 'flatten', 'flatten', 'flatten', 'flatten', 'concat'],
  pooled: [
    'concat',
    'resize2d',
    'poolChannels',
    'poolChannels',
    'concat',
    'concat',
    'poolChannels',
    'resize2d',
    'resize2d',
    'flatten',
  ],
  parts: ['crop2d', 'crop2d', 'classToken', 'attention', 'crop2d', 'flatten'],
}

describe.each(cases)('%s', (file, name, block) => {
  it('has the layers of its file, and PyTorch’s logits in use', async () => {
    const network = await read(file)
    const found = network.architecture.nodes.map(({ layer }) => layer.type)
    const moving: readonly Layer['type'][] = Object.values(types).flat()
    expect(found.filter((type) => moving.includes(type))).toEqual(types[name])
    expect(distance(logitsInUse(network), block.use.flat())).toBeLessThan(VALUES)
  })

  it('has PyTorch’s logits in training, and its gradients by weights and images', async () => {
    const { architecture: net, weights } = await read(file)
    const { logits, byTensor: named, byImages } = inTraining(net, weights)
    const inOrder = block.tensors.flatMap(([tensor]) => [...(named.get(tensor.replace('.in_proj_', '.'))?.data ?? [])])
    expect(distance(logits, block.training.flat())).toBeLessThan(VALUES)
    expect(distance(summaryOf(Float32Array.from(inOrder)), block.weight_gradient)).toBeLessThan(GRADIENTS)
    expect(distance(summaryOf(byImages), block.image_gradient)).toBeLessThan(GRADIENTS)
  })
})
