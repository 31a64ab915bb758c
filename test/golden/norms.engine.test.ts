/** Normalisations within images, ConvNeXt's blocks and transformers as PyTorch exports them: scripts/golden_norms.py. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import type { Layer } from '../../src/models/architecture/layer.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { unpackWeights } from '../../src/models/parameters/weights.js'
import { Student } from '../../src/training/network/network.js'
import { distance, norm, seededNumbers } from '../support/numbers.js'

interface Block {
  readonly opsets: readonly number[]
  readonly tensors: readonly (readonly [string, readonly number[]])[]
  readonly use: readonly (readonly number[])[]
  readonly training: readonly (readonly number[])[]
  readonly weight_gradient: readonly number[]
  readonly image_gradient: readonly number[]
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const golden: {
  readonly examples: number
  readonly sizes: readonly [number, number, number]
  readonly blocks: Readonly<Record<string, Block>>
} = JSON.parse(readFileSync(pathOf('norms.json'), 'utf8'))

/** PyTorch's are in float64. */
const VALUES = 1e-5
const GRADIENTS = 1e-4

const [channels, height, width] = golden.sizes
const pixels = seededNumbers(1000, golden.examples * channels * height * width).map((value) => (value + 1) / 2)
const channelsLast = (x: Tensor4D): Tensor4D => tf.transpose(x, [0, 2, 3, 1])
const images = (): Tensor4D => channelsLast(tf.tensor4d(pixels, [golden.examples, channels, height, width]))

/** The layers that normalise, scale or attend in the file of a network, in order. */
const types: Readonly<Record<string, readonly Layer['type'][]>> = {
  layers: ['layerNorm', 'layerNorm', 'layerNorm'],
  groups: ['groupNorm', 'groupNorm', 'groupNorm'],
  features: ['batchNorm2d', 'batchNorm2d', 'batchNorm2d'],
  tokens: ['layerNorm', 'attention', 'layerNorm', 'layerNorm'],
  shares: ['layerNorm', 'attention', 'layerNorm', 'layerNorm'],
  products: ['layerNorm', 'attention'],
  next: ['layerNorm', 'layerNorm', 'affine2d', 'layerNorm', 'layerNorm'],
}

const summary = (values: Float32Array): readonly number[] => [
  norm(values),
  ...[0, 1].map((j) => {
    const probe = seededNumbers(2000 + j, values.length)
    return values.reduce((sum, value, i) => sum + value * (probe[i] ?? 0), 0)
  }),
]

const cases = Object.entries(golden.blocks).flatMap(([name, block]) =>
  block.opsets.map((opset) => [`${name}-${opset}`, name, block] as const),
)

const read = async (file: string) => {
  const checkpoint = await readCheckpoint(pathOf(`onnx/norms-${file}.onnx`))()
  if (isLeft(checkpoint)) throw new Error(describeError(checkpoint.left))
  const network = selfDescribed('test', file, checkpoint.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  return network.right
}

describe.each(cases)('%s', (file, name, block) => {
  it('has the layers of its file, and PyTorch’s logits in use', async () => {
    const { architecture, weights, statistics } = await read(file)
    const found = architecture.nodes.map(({ layer }) => layer.type)
    const norms: readonly Layer['type'][] = ['layerNorm', 'groupNorm', 'batchNorm2d', 'affine2d', 'attention']
    expect(found.filter((type) => norms.includes(type))).toEqual(types[name])
    const student = new Student(architecture, weights, statistics)
    const logits = tf.tidy(() => student.logits(images()).dataSync())
    student.dispose()
    expect(distance(logits, block.use.flat())).toBeLessThan(VALUES)
  })

  it('has PyTorch’s logits in training, and its gradients by weights and images', async () => {
    const { architecture: net, weights } = await read(file)
    const dy = seededNumbers(3, golden.examples * net.classes)
    const [logits, byWeights, byImages] = tf.tidy(() => {
      const run = (w: Tensor, x: Tensor) => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits
      const [w, x] = [tf.tensor1d(weights), images()]
      const { grads } = tf.valueAndGrads((a: Tensor, b: Tensor) =>
        tf.sum(tf.mul(run(a, b), tf.tensor2d(dy, [golden.examples, net.classes]))),
      )([w, x])
      return [run(w, x), grads[0] ?? w, tf.transpose(grads[1] ?? x, [0, 3, 1, 2])].map((each) =>
        Float32Array.from(each.dataSync()),
      )
    })
    const named = unpackWeights(net, byWeights ?? weights)
    // A scale of channels has no name of its own in the file, and a projection to queries, keys and values that of its module.
    const scales = net.nodes.flatMap(({ layer }) => (layer.type === 'affine2d' ? [`${layer.name}.weight`] : []))
    const nameOf = (tensor: string): string =>
      tensor.endsWith('layer_scale') ? (scales[0] ?? '') : tensor.replace('.in_proj_', '.')
    const inOrder = block.tensors.flatMap(([tensor]) => [...(named.get(nameOf(tensor))?.data ?? [])])
    expect(distance(logits ?? [], block.training.flat())).toBeLessThan(VALUES)
    expect(distance(summary(Float32Array.from(inOrder)), block.weight_gradient)).toBeLessThan(GRADIENTS)
    expect(distance(summary(byImages ?? pixels), block.image_gradient)).toBeLessThan(GRADIENTS)
  })
})
