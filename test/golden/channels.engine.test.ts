/** Small blocks of DenseNet, SqueezeNet, ShuffleNet and others as PyTorch exports them: scripts/golden_channels.py. */
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
} = JSON.parse(readFileSync(pathOf('channels.json'), 'utf8'))

/** PyTorch's are in float64. */
const VALUES = 1e-5
const GRADIENTS = 1e-4

const [channels, height, width] = golden.sizes
const pixels = seededNumbers(1000, golden.examples * channels * height * width).map((value) => (value + 1) / 2)
const channelsLast = (x: Tensor4D): Tensor4D => tf.transpose(x, [0, 2, 3, 1])
const images = (): Tensor4D => channelsLast(tf.tensor4d(pixels, [golden.examples, channels, height, width]))

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
  const checkpoint = await readCheckpoint(pathOf(`onnx/channels-${file}.onnx`))()
  if (isLeft(checkpoint)) throw new Error(describeError(checkpoint.left))
  const network = selfDescribed('test', file, checkpoint.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  return network.right
}

describe.each(cases)('%s', (file, name, block) => {
  it('has the layers of its file, and PyTorch’s logits in use', async () => {
    const { architecture, weights, statistics } = await read(file)
    const all = architecture.nodes.map(({ layer }) => layer.type)
    const wanted = types[name] ?? {}
    const joins: readonly Layer['type'][] = ['concat', 'selectChannels', 'multiply', 'scale', 'maxPool2d']
    for (const type of joins)
      expect([type, all.filter((each) => each === type).length]).toEqual([type, wanted[type] ?? 0])
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
    // A factor after the last layer is part of its weights, so their gradients are divided by it.
    const factor = { gate: 2.5, shortcut: 2 }[name] ?? 1
    const inOrder = block.tensors.flatMap(([tensor]) =>
      [...(named.get(tensor)?.data ?? [])].map((value) => (tensor.startsWith('fc.') ? value * factor : value)),
    )
    expect(distance(logits ?? [], block.training.flat())).toBeLessThan(VALUES)
    expect(distance(summary(Float32Array.from(inOrder)), block.weight_gradient)).toBeLessThan(GRADIENTS)
    expect(distance(summary(byImages ?? pixels), block.image_gradient)).toBeLessThan(GRADIENTS)
  })
})
