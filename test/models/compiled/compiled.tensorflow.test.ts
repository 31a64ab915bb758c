import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { classify } from '../../../src/models/compiled/classify.js'
import { type CompiledNetwork, compiledNetwork } from '../../../src/models/compiled/compiledNetwork.js'
import { foldingOf } from '../../../src/models/forward/folding.js'
import { forward, unflatten } from '../../../src/models/forward/forward.js'
import {
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  relu6,
  sigmoid,
  silu,
  softplus,
  tanh,
} from '../../../src/models/layers/activations.js'
import { concat, multiply, scale, selectChannels } from '../../../src/models/layers/channelLayers.js'
import { fakeQuantize } from '../../../src/models/layers/fakeQuantize.js'
import {
  add,
  affine2d,
  avgPool2d,
  batchNorm2d,
  conv2d,
  flatten,
  linear,
  maxPool2d,
  normalize,
  pad2d,
  relu,
} from '../../../src/models/layers/layers.js'
import { groupNorm, layerNorm } from '../../../src/models/layers/normalisations.js'
import { attention, classToken, positionEmbedding, takeToken } from '../../../src/models/layers/tokens.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import type { BatchMoments } from '../../../src/models/parameters/statistics.js'
import { resnet18 } from '../../../src/models/zoo/resnet.js'
import { mnistNet } from '../../../src/models/zoo/zoo.js'
import { memory } from '../../support/context.js'
import { nonEmpty } from '../../support/expectEvery.js'
import { headed } from '../../support/heads.js'
import { relativeError, seededNumbers } from '../../support/numbers.js'
import { randomNetwork } from '../../support/randomNetworks.js'
import { weightGradient } from '../../support/weightGradient.js'
import { aggregated, covariance, pooledChannels, reshaped, separable } from '../fixtures.js'

/** The sum over a minibatch's parts against the sum over the whole, in float32. */
const ROUNDING = 2e-5

/** Every kind of layer, window and shortcut that graphs support. */
const mixed = architecture('mixed', { height: 12, width: 9, channels: 3 }, [
  normalize({ mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] }),
  conv2d('same', { out: 4, kernel: 3, padding: 1 }),
  relu({ id: 'first' }),
  conv2d('padded', { out: 6, kernel: 3, stride: 2, padding: 1, bias: 'none' }),
  affine2d('scaled'),
  relu(),
  conv2d('back', { out: 4, kernel: 1, padding: 1 }),
  conv2d('strided', { inputs: ['first'], out: 4, kernel: 1, stride: 2 }),
  maxPool2d({ id: 'pooled', inputs: ['back'], kernel: 3, stride: 1 }),
  conv2d('aside', { inputs: ['strided'], out: 4, kernel: 1 }),
  add(['pooled', 'strided'], { id: 'sum' }),
  add(['sum', 'aside', 'aside']),
  relu(),
  avgPool2d({ kernel: 2 }),
  flatten(),
  linear('middle', { out: 7 }),
  relu(),
  linear('last', { out: 5 }),
])

/** Every element-wise function, after convolutions and after a linear layer. */
const curved = architecture('curved', { height: 6, width: 5, channels: 2 }, [
  conv2d('first', { out: 4, kernel: 3, padding: 1 }),
  silu({ id: 'silu' }),
  gelu(),
  gelu({ id: 'approximate', approximate: 'tanh', inputs: ['silu'] }),
  leakyRelu(),
  add(['activation-2', 'activation-4']),
  conv2d('second', { out: 4, kernel: 3 }),
  elu(),
  softplus({ beta: 2 }),
  mish(),
  flatten(),
  linear('middle', { out: 6 }),
  tanh({ id: 'tanh' }),
  sigmoid({ inputs: ['middle'] }),
  add(['tanh', 'activation-13']),
  linear('wide', { out: 6 }),
  hardSwish({ id: 'swish' }),
  hardSigmoid({ inputs: ['wide'] }),
  relu6({ inputs: ['wide'], id: 'six' }),
  add(['swish', 'activation-17', 'six']),
  linear('last', { out: 3 }),
])

/** Element-wise functions after a sum with a convolution: TensorFlow fuses what it can. */
const summed = architecture('summed', { height: 6, width: 6, channels: 2 }, [
  conv2d('stem', { out: 4, kernel: 3, padding: 1 }),
  relu({ id: 'trunk' }),
  ...[mish, silu, elu, tanh, sigmoid, softplus, hardSwish, leakyRelu, relu6].flatMap((layer, i) => [
    conv2d(`conv${i}`, { out: 4, kernel: 1, ...(i === 0 ? {} : { inputs: [`f${i - 1}`] }) }),
    add([`conv${i}`, 'trunk']),
    layer({ id: `f${i}` }),
  ]),
  flatten(),
  linear('last', { out: 3 }),
])

/** Strides that divide the kernel, with few channels: rows outside every window, and an odd side. */
const windows = architecture('windows', { height: 11, width: 13, channels: 3 }, [
  conv2d('six', { out: 5, kernel: 6, stride: 3, padding: 2 }),
  relu(),
  conv2d('two', { out: 4, kernel: 2, stride: 2 }),
  relu(),
  flatten(),
  linear('last', { out: 3 }),
])

/** Padding on chosen sides, and in pooling of every kind. */
const padded = architecture('padded', { height: 10, width: 13, channels: 2 }, [
  pad2d({ right: 1, bottom: 1 }),
  conv2d('strided', { out: 4, kernel: 3, stride: 2 }),
  maxPool2d({ kernel: 3, stride: 2, padding: 1, id: 'max' }),
  avgPool2d({ kernel: 3, stride: 2, padding: 1, inputs: ['strided'] }),
  add(['max', 'avgPool2d-3'], { id: 'sum' }),
  maxPool2d({ kernel: 2, ceilMode: true, id: 'beyond' }),
  avgPool2d({ kernel: 2, ceilMode: true, inputs: ['sum'], id: 'mean' }),
  avgPool2d({ kernel: 2, stride: 2, padding: 1, countIncludePad: false, inputs: ['sum'] }),
  add(['beyond', 'mean']),
  silu({ id: 'silu' }),
  pad2d({ top: 2, left: 1, right: 2, bottom: 1, value: 0.5, inputs: ['avgPool2d-7'] }),
  conv2d('on', { out: 4, kernel: 3, stride: 2 }),
  add(['on', 'silu']),
  relu(),
  flatten(),
  linear('last', { out: 3 }),
])

/** Channels that are joined, selected in every form and weighed, and a vector's numbers. */
const woven = architecture('woven', { height: 6, width: 5, channels: 3 }, [
  conv2d('stem', { out: 6, kernel: 3, padding: 1 }),
  relu({ id: 'trunk' }),
  selectChannels({ id: 'half', channels: [3, 4, 5] }),
  selectChannels({ id: 'mixed', inputs: ['trunk'], channels: [4, -1, 0, 5, 2] }),
  conv2d('narrow', { inputs: ['trunk'], out: 2, kernel: 1, bias: 'none' }),
  selectChannels({ id: 'wide', channels: [-1, -1, 0, 1, -1, -1] }),
  conv2d('after', { out: 6, kernel: 3, padding: 1 }),
  concat(['mixed', 'half', 'narrow', 'trunk', 'after'], { id: 'joined' }),
  conv2d('on', { out: 6, kernel: 3, padding: 1 }),
  multiply(['on', 'wide'], { id: 'product' }),
  avgPool2d({ inputs: ['trunk'], kernel: 5 }),
  sigmoid({ id: 'gate' }),
  multiply(['gate', 'on'], { id: 'gated' }),
  flatten({ inputs: ['gate'] }),
  linear('squeeze', { out: 6 }),
  tanh({ id: 'vector' }),
  multiply(['product', 'vector'], { id: 'weighed' }),
  add(['weighed', 'gated', 'wide']),
  scale({ factor: -1.5 }),
  flatten(),
  linear('middle', { out: 4 }),
  concat(['middle', 'vector']),
  selectChannels({ id: 'some', channels: [9, 2, -1, 0] }),
  multiply(['some', 'middle']),
  linear('last', { out: 3 }),
  scale({ factor: 8 }),
])

/** Normalisations within an image: of pixels, of groups of channels, and of vectors, with and without a ReLU after them. */
const normalised = architecture('normalised', { height: 5, width: 4, channels: 3 }, [
  layerNorm('first'),
  conv2d('wide', { out: 6, kernel: 3, padding: 1 }),
  groupNorm('two', { groups: 2, epsilon: 1e-3 }),
  relu({ id: 'trunk' }),
  conv2d('same', { out: 6, kernel: 1 }),
  groupNorm('each', { groups: 6 }),
  add(['each', 'trunk']),
  groupNorm('one', { groups: 1 }),
  silu(),
  layerNorm('pixels', { epsilon: 1e-6 }),
  relu(),
  flatten(),
  layerNorm('flat'),
  linear('narrow', { out: 5 }),
  layerNorm('vector'),
  affine2d('scaled'),
  relu(),
  linear('last', { out: 3 }),
])

/** Tokens of an image, attention among them and across, and one of them. */
const transformer = architecture('transformer', { height: 3, width: 2, channels: 4 }, [
  classToken('token'),
  relu(),
  positionEmbedding('positions', { id: 'tokens' }),
  conv2d('queries', { inputs: ['tokens'], out: 4, kernel: 1 }),
  conv2d('keys', { inputs: ['tokens'], out: 4, kernel: 1 }),
  conv2d('values', { inputs: ['tokens'], out: 6, kernel: 1 }),
  attention(['queries', 'keys', 'values'], { heads: 2 }),
  conv2d('out', { out: 4, kernel: 1 }),
  add(['out', 'tokens']),
  relu({ id: 'seen' }),
  positionEmbedding('pixels', { inputs: ['input'] }),
  relu({ id: 'image' }),
  attention(['image', 'seen', 'queries'], { heads: 1, scale: 0.3 }),
  takeToken({ token: 4 }),
  linear('last', { out: 3 }),
])

/** Batch normalisation of a flattened image, and of vectors before and after a ReLU. */
const features = architecture('features', { height: 3, width: 2, channels: 2 }, [
  flatten(),
  batchNorm2d('flat'),
  linear('middle', { out: 5 }),
  batchNorm2d('before'),
  relu(),
  batchNorm2d('after'),
  linear('last', { out: 3 }),
])

/** 3 × 3 convolutions by Winograd's tiles, and one of an odd side, which is direct. */
const deep = architecture('deep', { height: 4, width: 2, channels: 256 }, [
  conv2d('tiles', { out: 320, kernel: 3, padding: 1 }),
  relu(),
  conv2d('more', { out: 256, kernel: 3, padding: 1, bias: 'none' }),
  relu(),
  conv2d('shorter', { out: 256, kernel: 2 }),
  conv2d('direct', { out: 6, kernel: 3, padding: 1 }),
  flatten(),
  linear('last', { out: 3 }),
])

const networks: readonly (readonly [string, Architecture])[] = [
  ['mnistNet', mnistNet],
  ['every kind of layer', mixed],
  ['every element-wise function', curved],
  ['element-wise functions of sums', summed],
  ['windows with a stride', windows],
  ['padding', padded],
  ['channels that are joined, selected and weighed', woven],
  ['normalisations within an image', normalised],
  ['attention between tokens', transformer],
  ['attention between channels, and shares', covariance],
  ['vectors as images, and smaller images', reshaped],
  ['other sizes, and the largest of channels', pooledChannels],
  ['small images of many channels', deep],
  ['groups and depth-wise convolutions', foldingOf(separable).architecture],
  ['the same in training', separable],
  ['groups of several channels', aggregated],
  ['a folded ResNet-18', foldingOf(resnet18({ width: 4 })).architecture],
  ['a ResNet-18 in training', resnet18({ width: 4 })],
  ...Object.entries(headed),
]

/** Small multiples of powers of two, whose sums are exact: numbers on the edge between two integers round alike. */
const rounded = architecture('rounded', { height: 6, width: 6, channels: 2 }, [
  fakeQuantize({ scale: [1 / 64], zeroPoint: [0] }),
  conv2d('first', { out: 4, kernel: 3, padding: 1 }),
  fakeQuantize({ scale: [1 / 8, 1 / 4, 1 / 16, 1 / 2], zeroPoint: [3, -100, 0, 5], integers: 'int8' }),
  relu(),
  conv2d('second', { out: 4, kernel: 2 }),
  fakeQuantize({ scale: [1 / 4], zeroPoint: [40], integers: 'uint7' }),
  flatten(),
  linear('last', { out: 3 }),
])

it('numbers are rounded by graphs as layer by layer, to the last bit', () => {
  const [w, x] = [parameterCount(rounded), 5 * 72]
  const { plain, graph } = tf.tidy(() => {
    const weights = tf.tensor1d(seededNumbers(3, w).map((value) => Math.round(8 * value) / 8))
    const images = tf.tensor4d(
      seededNumbers(4, x).map((value) => Math.round(64 * (value + 1)) / 128),
      [5, 6, 6, 2],
    )
    const squares = (logits: Tensor): Scalar => tf.sum(tf.square(logits))
    const plainly = (given: Tensor, seen: Tensor) =>
      squares(forward(rounded, unflatten(rounded, given as Tensor1D), seen as Tensor4D).logits)
    const { value, grads } = tf.valueAndGrads(plainly)([weights, images])
    return {
      plain: [value, ...grads].map((tensor) => [...tensor.dataSync()]),
      graph: [
        squares(compiled(rounded).pass(weights, images).logits),
        weightGradient(rounded, weights, images, ({ logits }) => squares(logits)),
        tf.grad((seen) => squares(classify(compiled(rounded), weights, seen as Tensor4D)))(images),
      ].map((tensor) => [...tensor.dataSync()]),
    }
  })
  expect(graph).toEqual(plain)
  for (const gradient of plain.slice(1)) expect(gradient.filter((value) => value !== 0).length).toBeGreaterThan(40)
})

const setting = (net: Architecture, n: number) => {
  const { height, width, channels } = net.input
  return {
    weights: tf.tensor1d(seededNumbers(3, parameterCount(net)).map((value) => value / 3)),
    images: tf.tensor4d(
      seededNumbers(4, n * height * width * channels).map((value) => (value + 1) / 2),
      [n, height, width, channels],
    ),
    mix: tf.tensor2d(seededNumbers(5, n * net.classes), [n, net.classes]),
  }
}

const compiled = (net: Architecture): CompiledNetwork => {
  const network = compiledNetwork(net)
  if (!network) throw new Error('the engine compiles')
  return network
}

const momentsOf = (moments: readonly BatchMoments[]): readonly Tensor[] =>
  moments.flatMap(({ mean, variance, count }) => [mean, variance, tf.tensor1d([count])])

it('random networks as graphs have the same outputs and gradients as layer by layer', () => {
  fc.assert(
    fc.property(randomNetwork, (net) => {
      const { weights, images, mix } = setting(net, 3)
      const error = tf.tidy(() => {
        const ofLogits = (logits: Tensor): Scalar => tf.sum(tf.mul(logits, mix))
        const plainly = (w: Tensor, x: Tensor) => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits
        const { value, grads } = tf.valueAndGrads((w: Tensor, x: Tensor) => ofLogits(plainly(w, x)))([weights, images])
        const ours = [
          ofLogits(compiled(net).pass(weights, images).logits),
          weightGradient(net, weights, images, ({ logits }) => ofLogits(logits)),
          tf.grad((x: Tensor) => ofLogits(classify(compiled(net), weights, x as Tensor4D)))(images),
        ]
        // As one vector: a normalisation of two numbers leaves the images a gradient of rounding errors.
        const all = (tensors: readonly Tensor[]) => tensors.flatMap((tensor) => [...tensor.dataSync()])
        return relativeError(all(ours), all([value, ...grads]))
      })
      expect(error).toBeLessThan(1e-4)
      tf.dispose([weights, images, mix])
    }),
    { seed: 11, numRuns: 10 },
  )
})

describe.each(networks)('%s as graphs', (_, net) => {
  it.each([1, 3, 8, 19])('have the same outputs as layer by layer, %d images', (n) => {
    const { weights, images } = setting(net, n)
    const { ours, plain, shapes, alone } = tf.tidy(() => {
      const passed = compiled(net).pass(weights, images)
      const interpreted = forward(net, unflatten(net, weights), images)
      const whole = passed.hidden.map((parts) => tf.concat([...parts]))
      const [first, second] = [
        [passed.logits, ...whole, ...momentsOf(passed.moments)],
        [interpreted.logits, ...interpreted.hidden, ...momentsOf(interpreted.moments)],
      ]
      return {
        ours: (first ?? []).map((tensor) => tensor.dataSync()),
        plain: (second ?? []).map((tensor) => tensor.dataSync()),
        shapes: [first, second].map((tensors) => tensors?.map(({ shape }) => shape.join(' × ')).join(', ') ?? ''),
        alone: compiled(net).logits(weights, images).dataSync(),
      }
    })
    expect(shapes[0]).toBe(shapes[1])
    expect(ours.length).toBeGreaterThan(2)
    for (const [i, values] of ours.entries()) expect(relativeError(values, plain[i] ?? [])).toBeLessThan(ROUNDING)
    expect(alone).toEqual(ours[0])
    tf.dispose([weights, images])
  })

  it.each([1, 19])('have the same gradients, %d images', (n) => {
    const { weights, images, mix } = setting(net, n)
    // The loss has the squares of the hidden activations, so that all gradients differ.
    const lossOf = (logits: Tensor, hidden: readonly Tensor[]): Scalar =>
      hidden
        .map((z) => tf.mul(tf.sum(tf.square(z)), 0.01) as Scalar)
        .reduce((sum, term) => tf.add(sum, term) as Scalar, tf.sum(tf.mul(logits, mix)) as Scalar)
    const found = tf.tidy(() => {
      const ofLogits = (logits: Tensor): Scalar => tf.sum(tf.mul(logits, mix))
      const plainly = (w: Tensor, x: Tensor) => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D)
      const errorOf = ([ours, plain]: readonly [Tensor, Tensor]): number =>
        relativeError(ours.dataSync(), plain.dataSync())
      return {
        logitsOnly: errorOf([
          weightGradient(net, weights, images, ({ logits }) => ofLogits(logits)),
          tf.grad((w: Tensor) => ofLogits(plainly(w, images).logits))(weights),
        ]),
        withHidden: errorOf([
          weightGradient(net, weights, images, ({ logits, hidden }) => lossOf(logits, hidden)),
          tf.grad((w: Tensor) => {
            const { logits, hidden } = plainly(w, images)
            return lossOf(logits, hidden)
          })(weights),
        ]),
        ofOneHidden: errorOf([
          weightGradient(net, weights, images, ({ hidden }) => tf.sum(tf.square(hidden[0] as Tensor))),
          tf.grad((w: Tensor) => tf.sum(tf.square(plainly(w, images).hidden[0] as Tensor)))(weights),
        ]),
        ofImages: errorOf([
          tf.grad((x: Tensor) => ofLogits(classify(compiled(net), weights, x as Tensor4D)))(images),
          tf.grad((x: Tensor) => ofLogits(plainly(weights, x).logits))(images),
        ]),
      }
    })
    for (const [name, error] of nonEmpty(Object.entries(found))) expect(error, name).toBeLessThan(ROUNDING)
    tf.dispose([weights, images, mix])
  })

  it('disposes of all other tensors', () => {
    const { weights, images, mix } = setting(net, 9)
    const use = () => {
      compiled(net).logits(weights, images).dispose()
      weightGradient(net, weights, images, ({ logits }) => tf.sum(tf.mul(logits, mix))).dispose()
      tf.grad((x: Tensor) => tf.sum(classify(compiled(net), weights, x as Tensor4D) as Tensor2D))(images).dispose()
    }
    use()
    const before = { ...memory(), data: tf.engine().backend.numDataIds() }
    for (let i = 0; i < 3; i++) use()
    expect({ ...memory(), data: tf.engine().backend.numDataIds() }).toEqual(before)
    tf.dispose([weights, images, mix])
  })
})

it('batch normalisation of vectors has the moments and gradients of layer by layer', () => {
  const { weights, images, mix } = setting(features, 8)
  const loss = (logits: Tensor): Scalar => tf.sum(tf.mul(logits, mix))
  const errors = tf.tidy(() => {
    const plain = (w: Tensor) => forward(features, unflatten(features, w as Tensor1D), images)
    const moments = momentsOf(compiled(features).pass(weights, images).moments).map((tensor) => tensor.dataSync())
    return [
      ...momentsOf(plain(weights).moments).map((tensor, i) => relativeError(moments[i] ?? [], tensor.dataSync())),
      relativeError(
        weightGradient(features, weights, images, ({ logits }) => loss(logits)).dataSync(),
        tf
          .grad((w: Tensor) => loss(plain(w).logits))(weights)
          .dataSync(),
      ),
    ]
  })
  expect(errors).toHaveLength(10)
  for (const error of errors) expect(error).toBeLessThan(ROUNDING)
  tf.dispose([weights, images, mix])
})
