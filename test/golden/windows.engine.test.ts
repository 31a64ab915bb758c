/** Padding and pooling, and networks with them, against PyTorch: scripts/golden_windows.py. */
import { readFileSync } from 'node:fs'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { activationsOf, forward, unflatten } from '../../src/models/forward/forward.js'
import type { Layer } from '../../src/models/layers/layer.js'
import { avgPool2d, flatten, linear } from '../../src/models/layers/layers.js'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { readNetwork } from '../../src/models/parameters/readNetwork.js'
import { type NamedTensors, unpackWeights } from '../../src/models/parameters/weights.js'
import { dmPreactResnet18 } from '../../src/models/zoo/dmPreactResnet.js'
import { dmWideResnet } from '../../src/models/zoo/dmWideResnet.js'
import { resnet18 } from '../../src/models/zoo/resnet.js'
import { Student } from '../../src/training/network/network.js'
import { distance, norm, seededNumbers } from '../support/numbers.js'

interface GoldenNetwork {
  readonly options: object
  readonly size: number
  readonly normalised: boolean
  readonly tensors: readonly (readonly [string, readonly number[]])[]
  readonly use: readonly (readonly number[])[]
  readonly training: readonly (readonly number[])[]
  readonly weight_gradient: readonly number[]
  readonly image_gradient: readonly number[]
}

const golden: {
  readonly sizes: readonly [number, number, number]
  readonly rows: readonly {
    readonly layer: Layer
    readonly values: readonly number[]
    readonly gradient: readonly number[]
  }[]
  readonly examples: number
  readonly networks: Readonly<Record<string, GoldenNetwork>>
} = JSON.parse(readFileSync(new URL('windows.json', import.meta.url), 'utf8'))

/** PyTorch's are in float64. */
const VALUES = 2e-5
const GRADIENTS = 1e-4

const channelsLast = (x: Tensor4D): Tensor4D => tf.transpose(x, [0, 2, 3, 1])
const channelsFirst = (x: Tensor): Tensor => tf.transpose(x, [0, 3, 1, 2])

describe.each(golden.rows.map((row) => [JSON.stringify(row.layer), row] as const))('%s', (_, row) => {
  it('has the values and the gradient of PyTorch', () => {
    const [channels, height, width] = golden.sizes
    const layer = { ...row.layer, id: 'layer' }
    const net = architecture('row', { height, width, channels }, [
      layer,
      avgPool2d({ kernel: 1 }),
      flatten(),
      linear('fc', { out: 1 }),
    ])
    const x = tf.tensor4d(seededNumbers(1, channels * height * width), [1, channels, height, width])
    const dy = seededNumbers(2, row.values.length)
    const [values, gradient] = tf.tidy(() => {
      const parameters = unflatten(net, tf.zeros([parameterCount(net)]) as Tensor1D)
      const run = (images: Tensor): Tensor => {
        const y = activationsOf(net, parameters, channelsLast(images as Tensor4D)).get('layer')
        return channelsFirst(y ?? images)
      }
      const y = run(x)
      const { grad } = tf.valueAndGrad((images: Tensor) => tf.sum(tf.mul(run(images), tf.tensor(dy, y.shape))))(x)
      return [y.dataSync(), grad.dataSync()]
    })
    x.dispose()
    expect(distance(values ?? [], row.values)).toBeLessThan(1e-6)
    expect(distance(gradient ?? [], row.gradient)).toBeLessThan(1e-6)
  })
})

const makers: Readonly<Record<string, (options: object) => Architecture>> = { dmWideResnet, dmPreactResnet18, resnet18 }

/** The tensors that the script seeds, as a state dict. */
const stateOf = ({ tensors, normalised }: GoldenNetwork): NamedTensors =>
  new Map([
    ...tensors.map(([name, shape], i) => {
      const size = shape.reduce((product, side) => product * side, 1)
      const scale = Math.sqrt(3 / (size / (shape[0] ?? 1)))
      const isFactor = name.endsWith('running_var') || name.endsWith('weight')
      const data = seededNumbers(100 + i, size).map((value) =>
        shape.length > 1 ? value * scale : isFactor ? 1 + value / 2 : value * 0.125,
      )
      return [name, { shape, data }] as const
    }),
    ...(normalised
      ? [
          ['mean', { shape: [3, 1, 1], data: Float32Array.of(0.4914, 0.4822, 0.4465) }] as const,
          ['std', { shape: [3, 1, 1], data: Float32Array.of(0.2471, 0.2435, 0.2616) }] as const,
        ]
      : []),
  ])

const summary = (values: Float32Array): readonly number[] => [
  norm(values),
  ...[0, 1].map((j) => {
    const probe = seededNumbers(2000 + j, values.length)
    return values.reduce((sum, value, i) => sum + value * (probe[i] ?? 0), 0)
  }),
]

describe.each(Object.entries(golden.networks))('%s', (name, given) => {
  const made = makers[name]?.(given.options)
  const read = made && readNetwork('test', name, made, stateOf(given))
  if (!read || isLeft(read)) throw new Error(read ? describeError(read.left) : name)
  const { architecture: net, weights, statistics } = read.right
  const { examples } = golden
  const count = examples * 3 * given.size ** 2
  const pixels = seededNumbers(1000, count).map((value) => (value + 1) / 2)
  const images = (): Tensor4D => channelsLast(tf.tensor4d(pixels, [examples, 3, given.size, given.size]))

  it('has PyTorch’s logits in use', () => {
    const student = new Student(net, weights, statistics)
    const logits = tf.tidy(() => student.logits(images()).dataSync())
    student.dispose()
    expect(distance(logits, given.use.flat())).toBeLessThan(VALUES)
  })

  it('has PyTorch’s logits in training, and its gradients by weights and images', () => {
    const dy = seededNumbers(3, examples * net.classes)
    const [logits, byWeights, byImages] = tf.tidy(() => {
      const run = (w: Tensor, x: Tensor) => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits
      const [w, x] = [tf.tensor1d(weights), images()]
      const { grads } = tf.valueAndGrads((a: Tensor, b: Tensor) =>
        tf.sum(tf.mul(run(a, b), tf.tensor2d(dy, [examples, net.classes]))),
      )([w, x])
      return [run(w, x), grads[0] ?? w, channelsFirst(grads[1] ?? x)].map((each) => Float32Array.from(each.dataSync()))
    })
    const named = unpackWeights(net, byWeights ?? weights)
    const inOrder = given.tensors.flatMap(([tensor]) => [...(named.get(tensor)?.data ?? [])])
    expect(distance(logits ?? [], given.training.flat())).toBeLessThan(VALUES)
    expect(distance(summary(Float32Array.from(inOrder)), given.weight_gradient)).toBeLessThan(GRADIENTS)
    expect(distance(summary(byImages ?? pixels), given.image_gradient)).toBeLessThan(GRADIENTS)
  })
})
