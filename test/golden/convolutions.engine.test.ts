/** Convolutions, pooling with windows that are not square, and PReLU, against PyTorch: scripts/golden_convolutions.py. */
import { readFileSync } from 'node:fs'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { describeArchitecture, described } from '../../src/models/architecture/description.js'
import { compiledNetwork } from '../../src/models/compiled/compiledNetwork.js'
import { activationsOf, forward, unflatten } from '../../src/models/forward/forward.js'
import type { Layer } from '../../src/models/layers/layer.js'
import { flatten, linear } from '../../src/models/layers/layers.js'
import { parameterCount, parametersOf } from '../../src/models/parameters/parameters.js'
import { fromTorch } from '../../src/models/parameters/torchOrder.js'
import { unpackWeights } from '../../src/models/parameters/weights.js'
import { distance, seededNumbers } from '../support/numbers.js'

const golden: {
  readonly sizes: readonly [number, number, number]
  readonly examples: number
  readonly rows: readonly {
    readonly layers: readonly Layer[]
    readonly values: readonly number[]
    readonly weight_gradient: readonly number[]
    readonly image_gradient: readonly number[]
  }[]
} = JSON.parse(readFileSync(new URL('convolutions.json', import.meta.url), 'utf8'))

/** Relative to the largest value; PyTorch's are in float64. */
const TOLERANCE = 5e-6

const [channels, height, width] = golden.sizes
const { examples } = golden

/** The layers, and a linear one that computes the loss: its weights are the gradient of their output. */
const networkOf = (layers: readonly Layer[]): Architecture =>
  architecture('row', { height, width, channels }, [
    ...layers.map((layer, i) => (i === layers.length - 1 ? { ...layer, id: 'last' } : layer)),
    flatten(),
    linear('loss', { out: 1 }),
  ])

const weightsOf = (net: Architecture): Float32Array => {
  const weights = new Float32Array(parameterCount(net))
  for (const [i, place] of parametersOf(net).entries()) {
    const seed = place.name === 'loss.weight' ? 2 : 10 + i
    const numbers = seededNumbers(seed, place.size)
    if (place.name !== 'loss.bias') fromTorch(weights, place, (index) => numbers[index] ?? 0)
  }
  return weights
}

/** The first image of a batch, or a vector of weights, in PyTorch's order. */
const firstOf = (x: Tensor): Float32Array => {
  if (x.rank === 1) return x.dataSync<'float32'>()
  const [, ...rest] = x.shape
  const first = tf.slice(x, [0], [1])
  return (rest.length === 3 ? tf.transpose(first, [0, 3, 1, 2]) : first).dataSync<'float32'>()
}

const images = (): Tensor4D => {
  const pixels = seededNumbers(1, examples * channels * height * width)
  return tf.transpose(tf.tensor4d(pixels, [examples, channels, height, width]), [0, 2, 3, 1])
}

/** The gradients of the loss by weights and by images. */
type Gradients = (net: Architecture, weights: Tensor1D, x: Tensor4D) => readonly Tensor[]

const eager: Gradients = (net, weights, x) =>
  tf.valueAndGrads((w: Tensor, batch: Tensor) =>
    tf.sum(forward(net, unflatten(net, w as Tensor1D), batch as Tensor4D).logits),
  )([weights, x]).grads

const compiled: Gradients = (net, weights, x) => {
  const network = compiledNetwork(net)
  if (!network) return []
  const passed = network.pass(weights, x)
  const seeds = { logits: tf.onesLike(passed.logits) }
  return [network.weightGradient(weights, x, passed, seeds), network.imageGradient(weights, x, passed, seeds)]
}

describe.each(golden.rows.map((row) => [JSON.stringify(row.layers), row] as const))('%s', (_, row) => {
  const net = networkOf(row.layers)
  const weights = weightsOf(net)

  it('has the values and the gradients of PyTorch', () => {
    const [values, ...gradients] = tf.tidy(() => {
      const parameters = unflatten(net, tf.tensor1d(weights))
      const y = activationsOf(net, parameters, images()).get('last')
      const made = [eager, compiled].flatMap((each) => each(net, tf.tensor1d(weights), images()))
      return [y ?? images(), ...made].map(firstOf)
    })
    expect(distance(values ?? [], row.values)).toBeLessThan(TOLERANCE)
    expect(gradients).toHaveLength(compiledNetwork(net) ? 4 : 2)
    for (const [i, gradient] of gradients.entries()) {
      if (i % 2 === 1) {
        expect(distance(gradient, row.image_gradient)).toBeLessThan(TOLERANCE)
        continue
      }
      const named = unpackWeights(net, Float32Array.from(gradient))
      const own = [...named].flatMap(([name, { data }]) => (name.startsWith('loss.') ? [] : [...data]))
      expect(own).toHaveLength(row.weight_gradient.length)
      if (own.length > 0) expect(distance(own, row.weight_gradient)).toBeLessThan(TOLERANCE)
    }
  })

  it('is the same layer after its description was read', () => {
    const read = described(describeArchitecture(net))
    expect(isLeft(read) ? read.left : describeArchitecture(read.right)).toBe(describeArchitecture(net))
  })
})
