/** Normalisations within images, ConvNeXt's blocks and transformers as PyTorch exports them: scripts/golden_norms.py. */
import { describe, expect, it } from 'vitest'
import type { Layer } from '../../src/models/layers/layer.js'
import { exportedBlocks, summaryOf } from '../support/exportedBlocks.js'
import { distance } from '../support/numbers.js'

/** PyTorch's are in float64. */
const VALUES = 1e-5
const GRADIENTS = 1e-4

const { cases, read, logitsInUse, inTraining } = exportedBlocks('norms')

/** The layers that normalise, scale or attend in the file of a network, in order. */
const types: Readonly<Record<string, readonly Layer['type'][]>> = {
  layers: ['layerNorm', 'layerNorm', 'layerNorm'],
  groups: ['groupNorm', 'groupNorm', 'groupNorm'],
  features: ['batchNorm2d', 'batchNorm2d', 'batchNorm2d'],
  tokens: ['layerNorm', 'attention', 'layerNorm', 'layerNorm'],
  shares: ['layerNorm', 'attention', 'layerNorm', 'layerNorm'],
  products: ['layerNorm', 'attention'],
  next: ['layerNorm', 'layerNorm', 'layerScale', 'layerNorm', 'layerNorm'],
}

describe.each(cases)('%s', (file, name, block) => {
  it('has the layers of its file, and PyTorch’s logits in use', async () => {
    const network = await read(file)
    const found = network.architecture.nodes.map(({ layer }) => layer.type)
    const norms: readonly Layer['type'][] = ['layerNorm', 'groupNorm', 'batchNorm2d', 'layerScale', 'attention']
    expect(found.filter((type) => norms.includes(type))).toEqual(types[name])
    expect(distance(logitsInUse(network), block.use.flat())).toBeLessThan(VALUES)
  })

  it('has PyTorch’s logits in training, and its gradients by weights and images', async () => {
    const { architecture: net, weights } = await read(file)
    const { logits, byTensor: named, byImages } = inTraining(net, weights)
    // A scale of channels has no name of its own in the file, and a projection to queries, keys and values that of its module.
    const scales = net.nodes.flatMap(({ layer }) => (layer.type === 'layerScale' ? [layer.name] : []))
    const nameOf = (tensor: string): string =>
      tensor.endsWith('layer_scale') ? (scales[0] ?? '') : tensor.replace('.in_proj_', '.')
    const inOrder = block.tensors.flatMap(([tensor]) => [...(named.get(nameOf(tensor))?.data ?? [])])
    expect(distance(logits, block.training.flat())).toBeLessThan(VALUES)
    expect(distance(summaryOf(Float32Array.from(inOrder)), block.weight_gradient)).toBeLessThan(GRADIENTS)
    expect(distance(summaryOf(byImages), block.image_gradient)).toBeLessThan(GRADIENTS)
  })
})
