/** Narrow networks of public releases, in use and in training, against PyTorch: scripts/golden_zoo.py. */
import { readFileSync } from 'node:fs'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { readNetwork } from '../../src/models/parameters/readNetwork.js'
import { statisticsOf } from '../../src/models/parameters/statistics.js'
import { unpackWeights } from '../../src/models/parameters/weights.js'
import { densenet121 } from '../../src/models/zoo/densenet.js'
import { dmPreactResnet34 } from '../../src/models/zoo/dmPreactResnet.js'
import { preactEnsemble, preactResnet50 } from '../../src/models/zoo/ensembles.js'
import { sizedNetwork } from '../../src/models/zoo/families.js'
import { mobilenetV2 } from '../../src/models/zoo/mobilenetV2.js'
import { convnext } from '../../src/models/zoo/patches/convnext.js'
import { vit } from '../../src/models/zoo/patches/vit.js'
import { xcit } from '../../src/models/zoo/patches/xcit.js'
import { raWideResnet } from '../../src/models/zoo/raWideResnet.js'
import { raWideResnet101x2 } from '../../src/models/zoo/raWideResnet101x2.js'
import { resnest152 } from '../../src/models/zoo/resnest.js'
import { wideResnet50x2 } from '../../src/models/zoo/resnet.js'
import { robustWideResnet } from '../../src/models/zoo/robustWideResnet.js'
import { smallCnn } from '../../src/models/zoo/smallNetworks.js'
import { vgg11bn, vgg16bn } from '../../src/models/zoo/vgg.js'
import { wideResnet } from '../../src/models/zoo/wideResnet.js'
import { Student } from '../../src/training/network/network.js'
import { isNative } from '../support/isNative.js'
import { distance, norm, seededNumbers } from '../support/numbers.js'

interface GoldenNetwork {
  readonly factory: string
  readonly options: object
  readonly size: number
  readonly channels: number
  /** Number of tensors, and the sum of the hashes of their names. */
  readonly tensors: readonly [number, number]
  readonly use: readonly (readonly number[])[]
  readonly training: readonly (readonly number[])[]
  readonly weight_gradient: readonly number[]
  readonly image_gradient: readonly number[]
}

const golden: { readonly examples: number; readonly networks: readonly GoldenNetwork[] } = JSON.parse(
  readFileSync(new URL('zoo.json', import.meta.url), 'utf8'),
)

/** PyTorch's are in float64. */
const VALUES = 2e-5
/** Of deep networks in training, whose batch normalisations see few pixels. */
const TRAINING = 1e-3
/**
 * TensorFlow's threads share a sum in a changing order. In these networks some inputs of ReLUs then change sides, and each
 * changes gradients by some percent. So gradients of whole networks are compared on the portable engine; those of each
 * layer are on both.
 */
const hasGradients = !isNative

const makers: Readonly<Record<string, (options: object) => Architecture>> = {
  wideResnet,
  robustWideResnet,
  raWideResnet,
  dmPreactResnet34,
  smallCnn: () => smallCnn,
  wideResnet50x2,
  vgg11bn,
  vgg16bn,
  mobilenetV2,
  densenet121,
  convnext,
  xcit,
  vit,
  raWideResnet101x2,
  resnest152,
  preactResnet50,
  preactEnsemble,
}

/** As `hashed` in the script. */
const hashed = (name: string): number =>
  [...name].reduce((value, character) => (31 * value + character.charCodeAt(0)) % 1000003, 7)

const valuesOf = (name: string, shape: readonly number[]): Float32Array => {
  const size = shape.reduce((product, side) => product * side, 1)
  const numbers = seededNumbers(hashed(name), size)
  if (shape.length > 1) return numbers.map((value) => value * Math.sqrt(3 / (size / (shape[0] ?? 1))))
  const isFactor = name.endsWith('running_var') || name.endsWith('weight')
  return numbers.map((value) => (isFactor ? 1 + value / 2 : value * 0.125))
}

const channelsLast = (x: Tensor4D): Tensor4D => tf.transpose(x, [0, 2, 3, 1])
const channelsFirst = (x: Tensor): Tensor => tf.transpose(x, [0, 3, 1, 2])

describe.each(golden.networks.map((one) => [`${one.factory} ${JSON.stringify(one.options)}`, one] as const))(
  '%s',
  (_, { factory, options, size, channels, ...expected }) => {
    const made = makers[factory]?.(options)
    if (!made) throw new Error(factory)
    const tensors = new Map(
      [
        ...parametersOf(made).map(({ name, torchShape }) => ({ name, shape: torchShape })),
        ...statisticsOf(made).map(({ name, size: extent }) => ({ name, shape: [extent] })),
      ].map(({ name, shape }) => [name, { shape, data: valuesOf(name, shape) }]),
    )
    const read = readNetwork('test', factory, made, tensors)
    if (isLeft(read)) throw new Error(describeError(read.left))
    const { architecture: net, weights, statistics } = read.right
    const { examples } = golden
    const pixels = seededNumbers(1000, examples * channels * size ** 2).map((value) => (value + 1) / 2)
    const images = (): Tensor4D => channelsLast(tf.tensor4d(pixels, [examples, channels, size, size]))

    it('has PyTorch’s names and logits in use, and its sizes are read off a file', () => {
      const names = [...tensors.keys()]
      expect([names.length, names.reduce((sum, name) => sum + hashed(name), 0)]).toEqual(expected.tensors)
      const student = new Student(net, weights, statistics)
      const logits = tf.tidy(() => student.logits(images()).dataSync())
      student.dispose()
      expect(distance(logits, expected.use.flat())).toBeLessThan(VALUES)
      const sized = sizedNetwork('test', factory, tensors, { classes: 10, side: size })
      expect([sized.architecture.name, sized.architecture.classes]).toEqual([made.name, made.classes])
    })

    it(`has PyTorch’s logits in training${hasGradients ? ', and its gradients by weights and images' : ''}`, () => {
      const dy = seededNumbers(3, examples * net.classes)
      const [logits, byWeights, byImages] = tf.tidy(() => {
        const run = (w: Tensor, x: Tensor) => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits
        const [w, x] = [tf.tensor1d(weights), images()]
        const { grads } = tf.valueAndGrads((a: Tensor, b: Tensor) =>
          tf.sum(tf.mul(run(a, b), tf.tensor2d(dy, [examples, net.classes]))),
        )([w, x])
        return [run(w, x), grads[0] ?? w, channelsFirst(grads[1] ?? x)].map((each) =>
          Float32Array.from(each.dataSync()),
        )
      })
      expect(distance(logits ?? [], expected.training.flat())).toBeLessThan(TRAINING)
      if (!hasGradients) return
      const product = (values: Float32Array, seed: number): number => {
        const probe = seededNumbers(seed, values.length)
        return values.reduce((sum, value, i) => sum + value * (probe[i] ?? 0), 0)
      }
      const whole = byWeights ?? weights
      const named = [...unpackWeights(net, whole)].map(([name, { data }]) => product(data, hashed(name) + 1))
      const weightSummary = [norm(whole), named.reduce((sum, value) => sum + value, 0)]
      expect(distance(weightSummary, expected.weight_gradient)).toBeLessThan(TRAINING)
      const image = byImages ?? pixels
      expect(distance([norm(image), product(image, 2000)], expected.image_gradient)).toBeLessThan(TRAINING)
    })
  },
)
