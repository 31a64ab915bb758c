/** Grouped and depth-wise convolutions against PyTorch: scripts/golden_groups.py. */
import { readFileSync } from 'node:fs'
import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { classify } from '../../src/models/compiled/classify.js'
import { compiledNetwork } from '../../src/models/compiled/compiledNetwork.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { countsOf } from '../../src/models/parameters/counts.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { packNetwork, unpackWeights } from '../../src/models/parameters/weights.js'
import { memory } from '../support/context.js'
import { distance, seededNumbers } from '../support/numbers.js'
import { weightGradient } from '../support/weightGradient.js'

interface Golden {
  readonly examples: number
  readonly classes: number
  readonly input: { readonly channels: number; readonly height: number; readonly width: number }
  readonly networks: Readonly<
    Record<
      string,
      {
        readonly layers: readonly {
          readonly out: number
          readonly kernel: number
          readonly stride: number
          readonly padding: number
          readonly groups: number
          readonly bias: boolean
        }[]
        readonly logits: readonly number[]
        /** Of the convolutions' parameters, in order. */
        readonly gradients: readonly (readonly number[])[]
        readonly image_gradient: readonly number[]
      }
    >
  >
}

const golden: Golden = JSON.parse(readFileSync(new URL('groups.json', import.meta.url), 'utf8'))
const { examples, classes, input, networks } = golden

/** Relative to the largest value, or to 1: float32 sums of at most a few hundred products. */
const TOLERANCE = 2e-6

const networkOf = (name: string): Architecture =>
  architecture(name, input, [
    ...(networks[name]?.layers ?? []).flatMap(({ bias, out, kernel, stride, padding, groups }, i) => [
      conv2d(`conv${i}`, { out, kernel, stride, padding, groups, bias: bias ? 'learned' : 'none' }),
      relu(),
    ]),
    flatten(),
    linear('head', { out: classes }),
  ])

/** The formula of `value_of` in the script. */
const weightsOf = (net: Architecture): Float32Array => {
  const state = parametersOf(net).map(({ name, torchShape: shape, size }, i) => {
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1)
    const scale = shape.length > 1 ? Math.sqrt(6 / fanIn) : 1 / 4
    return [name, { shape, data: seededNumbers(i + 1, size).map((value) => value * scale) }] as const
  })
  const packed = packNetwork('test', 'seeded', net, new Map(state))
  if (isLeft(packed)) throw new Error(describeError(packed.left))
  return packed.right.weights
}

/** Moves the channels from before the rows and columns to after them. */
const images = (): Tensor4D => {
  const { channels, height, width } = input
  const pixels = seededNumbers(100, examples * channels * height * width).map((value) => (value + 1) / 2)
  return tf.transpose(tf.tensor4d(pixels, [examples, channels, height, width]), [0, 2, 3, 1])
}

const lossOf = (logits: Tensor): Scalar =>
  tf.sum(tf.mul(logits, tf.tensor2d(seededNumbers(101, examples * classes), [examples, classes])))

const interpreted = (net: Architecture, weights: Tensor1D, x: Tensor4D) => forward(net, unflatten(net, weights), x)

describe.each(Object.keys(networks))('%s', (name) => {
  const net = networkOf(name)
  const expected = networks[name] ?? { logits: [], gradients: [], image_gradient: [] }

  const expectGradient = (flat: Float32Array): void => {
    const gradients = unpackWeights(net, flat)
    for (const [i, { name: parameter }] of parametersOf(net).slice(0, -2).entries())
      expect(distance(gradients.get(parameter)?.data ?? [], expected.gradients[i] ?? []), parameter).toBeLessThan(
        TOLERANCE,
      )
  }

  const expectImageGradient = (gradient: Tensor): void => {
    const found = tf.transpose(gradient as Tensor4D, [0, 3, 1, 2]).dataSync()
    expect(distance(found, expected.image_gradient)).toBeLessThan(TOLERANCE)
  }

  it('gives PyTorch’s logits and gradients layer by layer, and leaves no tensors behind', () => {
    const before = memory()
    tf.tidy(() => {
      const weights = tf.tensor1d(weightsOf(net))
      expect(distance(interpreted(net, weights, images()).logits.dataSync(), expected.logits)).toBeLessThan(TOLERANCE)
      const [ofWeights, ofImages] = tf.grads((w, x) => lossOf(interpreted(net, w as Tensor1D, x as Tensor4D).logits))([
        weights,
        images(),
      ])
      if (!ofWeights || !ofImages) throw new Error('no gradients')
      expectGradient(ofWeights.dataSync<'float32'>())
      expectImageGradient(ofImages)
    })
    expect(memory()).toEqual(before)
  })

  it('does so if the engine runs the network as a whole', () => {
    tf.tidy(() => {
      const weights = tf.tensor1d(weightsOf(net))
      expectGradient(weightGradient(net, weights, images(), ({ logits }) => lossOf(logits)).dataSync<'float32'>())
      const compiled = compiledNetwork(net)
      const classifier = (x: Tensor4D) =>
        compiled ? classify(compiled, weights, x) : interpreted(net, weights, x).logits
      expect(distance(classifier(images()).dataSync(), expected.logits)).toBeLessThan(TOLERANCE)
      expectImageGradient(tf.grad((x) => lossOf(classifier(x as Tensor4D)))(images()))
    })
  })
})

it('groups divide operations and weights', () => {
  const of = (groups: number) =>
    countsOf(
      architecture('n', { height: 5, width: 5, channels: 6 }, [
        conv2d('conv', { out: 12, kernel: 3, bias: 'none', groups }),
        flatten(),
        linear('head', { out: 1 }),
      ]),
    )
  const head = 12 * 9
  for (const groups of [1, 2, 6])
    expect(of(groups)).toEqual({
      parameters: (12 * 6 * 9) / groups + head + 1,
      flops: 2 * ((9 * 12 * 6 * 9) / groups + head),
    })
})
