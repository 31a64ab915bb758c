/**
 * Narrow versions of the zoo's networks, in training and in evaluation, against PyTorch: scripts/golden_networks.py.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Dataset, ImageShape } from '../../src/dsl/dataset.js'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import { crossEntropyLoss } from '../../src/math/crossEntropy.js'
import { permutation, stream } from '../../src/math/random.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { classify } from '../../src/models/compiled/classify.js'
import { compiledNetwork } from '../../src/models/compiled/compiledNetwork.js'
import { foldingOf, foldParameters } from '../../src/models/forward/folding.js'
import { type ForwardPass, forward, unflatten } from '../../src/models/forward/forward.js'
import type { Normalisation } from '../../src/models/layers/layer.js'
import { withNormalisation } from '../../src/models/parameters/normalisation.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { readNetwork } from '../../src/models/parameters/readNetwork.js'
import { statisticsOf, updatedStatistics } from '../../src/models/parameters/statistics.js'
import { type NamedTensors, packNetwork, unpackWeights } from '../../src/models/parameters/weights.js'
import { type PreactResnetOptions, preactResnet18 } from '../../src/models/zoo/preactResnet.js'
import { resnet18, resnet34, resnet50 } from '../../src/models/zoo/resnet.js'
import { type VggOptions, vgg16bn } from '../../src/models/zoo/vgg.js'
import { type WideResnetOptions, wideResnet } from '../../src/models/zoo/wideResnet.js'
import { cifarNet } from '../../src/models/zoo/zoo.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { train } from '../../src/operators/train.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'
import { Student } from '../../src/training/network/network.js'
import { constant } from '../../src/training/step/schedule.js'
import { sgd } from '../../src/training/step/sgd.js'
import { collect, fakeRun } from '../support/context.js'
import { nonEmpty } from '../support/expectEvery.js'
import { isNative } from '../support/isNative.js'
import { needing, publicCheckpoints, shared } from '../support/needs.js'
import { norm, seededNumbers } from '../support/numbers.js'
import { checkpointFile, lentSteps, runningOf, weightsOf } from '../support/steps.js'
import { weightGradient } from '../support/weightGradient.js'

/** [norm, and products with one or three seeded vectors] of a tensor in PyTorch's order. */
type Summary = readonly number[]

interface Pass {
  readonly logits: readonly (readonly number[])[]
  readonly hidden: readonly Summary[]
  readonly image_gradient: Summary
}

interface Steps {
  readonly losses: readonly number[]
  readonly weights: readonly Summary[]
  readonly statistics: Summary
  readonly logits: readonly (readonly number[])[]
}

interface GoldenNetwork {
  readonly options: PreactResnetOptions & WideResnetOptions & VggOptions
  readonly normalisation?: Normalisation
  /** Scales γ. @default 1 */
  readonly damping?: number
  /** Seed of the images. */
  readonly images: number
  readonly tensors: { readonly count: number; readonly sha256: string }
  /** How far PyTorch's float32 is from these values. */
  readonly float32: { readonly training: { readonly gradients: number } }
  readonly evaluation: Pass
  readonly training: Pass & { readonly loss: number; readonly gradients: readonly Summary[] }
  readonly two_passes: { readonly statistics: Summary; readonly logits: readonly (readonly number[])[] }
  readonly two_steps?: Steps
  readonly masked_steps?: Steps
}

interface Golden {
  readonly classes: number
  readonly examples: number
  readonly sgd: { readonly lr: number; readonly momentum: number; readonly weight_decay: number }
  readonly published: {
    readonly file: string
    readonly sha256: string
    readonly images: number
    readonly logits: readonly (readonly number[])[]
    readonly image_gradient: Summary
  }
  readonly networks: Readonly<Record<string, GoldenNetwork>>
}

const golden: Golden = JSON.parse(readFileSync(new URL('networks.json', import.meta.url), 'utf8'))
const { classes, examples } = golden

/**
 * Relative to the largest value of the list (in a summary mostly the norm). The values are in float64; PyTorch's own
 * float32 differs by up to 2e-6 (`float32` in the file). This is ten times that.
 */
const VALUES = 2e-5

/** The same for gradients, where the difference depends on the network. */
const GRADIENTS = 4e-5
const TIMES = 10

/**
 * Tolerance for ResNet-50 in training on the native engine. TensorFlow's kernel sums a channel's pixels one after the
 * other, which gives the first layer an error of 1.6e-6 and, block by block, the last ones 8e-5. Some inputs of ReLUs
 * are closer to 0, and a ReLU that changes sides changes gradients by 1 %. The portable engine meets the others'
 * limits.
 */
const DEEP = isNative ? { values: 2e-4, gradients: 0.05 } : undefined

const PROBES = 2000

const makers: Readonly<Record<string, (options: GoldenNetwork['options']) => Architecture>> = {
  resnet18: ({ release: _, ...options }) => resnet18(options),
  resnet34: ({ release: _, ...options }) => resnet34(options),
  resnet50: ({ release: _, ...options }) => resnet50(options),
  preactResnet18,
  wideResnet,
  vgg16bn,
}

/** Makes `preactResnet18, fast_adversarial` by `preactResnet18`, and so on. */
const makeNetwork = (name: string, { options, normalisation }: GoldenNetwork): Architecture => {
  const make = makers[name.split(',')[0] ?? '']
  if (!make) throw new Error(`no network ${name}`)
  const plain = make({ classes, ...options })
  return normalisation ? withNormalisation(plain, normalisation) : plain
}

/** Names and shapes of a state dict in PyTorch's order: statistics of a batch normalisation follow its parameters. */
const tensorsOf = (net: Architecture): readonly (readonly [string, readonly number[]])[] => {
  const statistics = statisticsOf(net).map(({ name, node, size }) => ({ name, node, shape: [size] }))
  const parameters = parametersOf(net).map(({ name, node, torchShape }) => ({ name, node, shape: torchShape }))
  return net.nodes.flatMap(({ id }) =>
    [...parameters, ...statistics].filter(({ node }) => node === id).map(({ name, shape }) => [name, shape] as const),
  )
}

/** The formula of `value_of` in the script. */
const valueOf = (name: string, shape: readonly number[], seed: number, damping: number): Float32Array => {
  const u = seededNumbers(
    seed,
    shape.reduce((a, b) => a * b),
  )
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1)
  if (shape.length > 1) return u.map((value) => value * Math.sqrt(6 / fanIn))
  if (name.endsWith('running_var')) return u.map((value) => 1 + value / 2)
  return name.endsWith('weight') ? u.map((value) => (1 + value / 2) * damping) : u.map((value) => value / 4)
}

const stateDictOf = (net: Architecture, { damping = 1 }: GoldenNetwork): NamedTensors =>
  new Map(tensorsOf(net).map(([name, shape], i) => [name, { shape, data: valueOf(name, shape, i + 1, damping) }]))

const packed = (net: Architecture, tensors: NamedTensors) => {
  const result = packNetwork('test', 'seeded', net, tensors)
  if (isLeft(result)) throw new Error(describeError(result.left))
  return result.right
}

/** A minibatch as bytes in the order of a data set: rows, columns, channels. */
const pixels = (seed: number): Uint8Array => {
  const u = seededNumbers(seed, examples * 3072)
  return Uint8Array.from(u, (_, to) => {
    const [example, pixel, channel] = [Math.floor(to / 3072), Math.floor((to % 3072) / 3), to % 3]
    return Math.floor((Number(u[example * 3072 + channel * 1024 + pixel]) + 1) * 128)
  })
}
const labels = Uint16Array.from({ length: examples }, (_, i) => (3 * i) % classes)
const everyone = Uint32Array.from({ length: examples }, (_, i) => i)
const shape: ImageShape = cifarNet.input
const imagesBy = (seed: number): Tensor4D =>
  imagesOf({ count: examples, images: pixels(seed), labels }, shape, everyone)
const oneHot = () => labelsOf({ count: examples, images: new Uint8Array(0), labels }, classes, everyone)

/** PyTorch's order: channels before rows and columns. */
const channelsFirst = (tensor: Tensor): Float32Array =>
  tf.tidy(() => (tensor.rank === 4 ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor).dataSync<'float32'>())

const summary = (values: ArrayLike<number>, like: Summary): readonly number[] => [
  norm(values),
  ...like
    .slice(1)
    .map((_, j) => seededNumbers(PROBES + j, values.length).reduce((sum, r, i) => sum + r * Number(values[i]), 0)),
]

const expectClose = (
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  least = 0,
): void => {
  expect(found.length, what).toBe(expected.length)
  const scale = Math.max(least, ...Array.from(expected, Math.abs))
  const gap = Math.max(...Array.from(expected, (value, i) => Math.abs(Number(found[i]) - value)))
  expect(gap / scale, what).toBeLessThan(tolerance)
}

const expectSummary = (found: ArrayLike<number>, expected: Summary, tolerance: number, what: string, least = 0): void =>
  expectClose(summary(found, expected), expected, tolerance, what, least)

const expectPass = (
  { logits, hidden }: Pick<ForwardPass, 'logits' | 'hidden'>,
  expected: Pass,
  tolerance = VALUES,
): void => {
  expectClose(logits.dataSync(), expected.logits.flat(), tolerance, 'logits')
  expect(hidden).toHaveLength(expected.hidden.length)
  for (const [i, z] of nonEmpty(hidden.entries()))
    expectSummary(channelsFirst(z), expected.hidden[i] ?? [], tolerance, `hidden activation ${i}`)
}

describe.each(Object.entries(golden.networks))('%s, narrow', (name, expected) => {
  const net = makeNetwork(name, expected)
  const stateDict = stateDictOf(net, expected)
  const { weights, statistics } = packed(net, stateDict)
  const images = (which: 0 | 1): Tensor4D => imagesBy(expected.images + which)
  const logitsOf = (student: Student): Float32Array => tf.tidy(() => student.logits(images(0)).dataSync<'float32'>())
  const gradientTolerance = Math.max(GRADIENTS, TIMES * expected.float32.training.gradients)

  it('has the tensors of the public state dicts, in their order', () => {
    const lines = tensorsOf(net).map(([tensor, sides]) => `${tensor} [${sides.join(', ')}]`)
    expect(lines).toHaveLength(expected.tensors.count)
    expect(createHash('sha256').update(lines.join('\n')).digest('hex'), lines.join(', ')).toBe(expected.tensors.sha256)
  })

  it('in evaluation, with batch normalisation folded: logits, hidden activations and the gradient of the images', () => {
    const { architecture } = foldingOf(net)
    const { evaluation } = expected
    tf.tidy(() => {
      const parameters = foldParameters(net, unflatten(net, tf.tensor1d(weights)), tf.tensor1d(statistics))
      expectPass(forward(architecture, parameters, images(0)), evaluation)
      const loss = (x: Tensor) => crossEntropyLoss(forward(architecture, parameters, x as Tensor4D).logits, oneHot())
      const gradient = channelsFirst(tf.grad(loss)(images(0)))
      expectSummary(gradient, evaluation.image_gradient, gradientTolerance, 'gradient of the images')
    })
    const student = new Student(net, weights, statistics)
    expectClose(logitsOf(student), evaluation.logits.flat(), VALUES, 'logits of a student')
    const ofStudent = tf.tidy(() =>
      channelsFirst(tf.grad((x: Tensor) => crossEntropyLoss(student.logits(x as Tensor4D), oneHot()))(images(0))),
    )
    expectSummary(ofStudent, evaluation.image_gradient, gradientTolerance, 'gradient of the images of a student')
    student.dispose()
  })

  it('in training: logits, hidden activations, loss, and the gradients of all parameters and of the images', () => {
    const { training } = expected
    const { values: tolerance, gradients } = (name === 'resnet50' ? DEEP : undefined) ?? {
      values: VALUES,
      gradients: gradientTolerance,
    }
    const [dWeights, dImages] = tf.tidy(() => {
      const flat = tf.tensor1d(weights)
      const gradient = weightGradient(net, flat, images(0), (pass) => {
        expectPass(pass, training, tolerance)
        const loss = crossEntropyLoss(pass.logits, oneHot())
        expectClose(loss.dataSync(), [training.loss], tolerance, 'loss')
        return loss
      })
      const compiled = compiledNetwork(net)
      const logits = (x: Tensor4D) =>
        compiled ? classify(compiled, flat, x) : forward(net, unflatten(net, flat), x).logits
      const ofImages = tf.grad((x: Tensor) => crossEntropyLoss(logits(x as Tensor4D), oneHot()))(images(0))
      return [Float32Array.from(gradient.dataSync()), channelsFirst(ofImages)]
    })
    expectSummary(dImages, training.image_gradient, gradients, 'gradient of the images')
    // A bias before a batch normalisation has gradient 0. What is found is rounding, on the scale of the other
    // gradients.
    const least = 1e-2 * Math.max(...training.gradients.map(([size = 0]) => size))
    const found = unpackWeights(net, dWeights)
    expect(found.size).toBe(training.gradients.length)
    for (const [i, [parameter, { data }]] of [...found].entries())
      expectSummary(data, training.gradients[i] ?? [], gradients, parameter, least)
  })

  it('running statistics after two training passes, and the logits that they give', () => {
    const moved = tf.tidy(() => {
      const parameters = unflatten(net, tf.tensor1d(weights))
      return [images(0), images(1)]
        .reduce(
          (running, x) => updatedStatistics(running, forward(net, parameters, x).moments),
          tf.tensor1d(statistics),
        )
        .dataSync<'float32'>()
    })
    expectSummary(moved, expected.two_passes.statistics, VALUES, 'statistics')
    const student = new Student(net, weights, moved)
    expectClose(logitsOf(student), expected.two_passes.logits.flat(), VALUES, 'logits')
    student.dispose()
  })

  const { lr, momentum, weight_decay: weightDecay } = golden.sgd
  const recipe = { optimizer: sgd({ momentum, weightDecay }), learningRate: lr, schedule: constant() }
  const trainings = [
    ['two training steps of a pipeline', expected.two_steps, train({ epochs: 1, ...recipe })],
    [
      'two steps of masked retraining, in which batch normalisation is trained as usual',
      expected.masked_steps,
      admmMask({ pattern: 'irregular', rate: 2, epochs: 0, retrainEpochs: 1, retrain: recipe }),
    ],
  ] as const
  for (const [title, truth, training] of trainings) {
    if (!truth) continue
    it(`${title}: losses, weights and statistics`, async () => {
      const seed = 1
      // Ordered so that the shuffle of the first epoch restores the order: one minibatch, then the other.
      const order = permutation(2 * examples, stream(seed, 'shuffle', 0))
      const size = 3072
      const [all, allLabels] = [new Uint8Array(2 * examples * size), new Uint16Array(2 * examples)]
      for (const [i, place] of order.entries()) {
        const [which, example] = [Math.floor(i / examples), i % examples]
        all.set(pixels(expected.images + which).subarray(example * size, (example + 1) * size), place * size)
        allLabels[place] = labels[example] ?? 0
      }
      const split = { count: 2 * examples, images: all, labels: allLabels }
      const data: Dataset = { name: 'seeded', origin: 'synthetic', classes, shape, train: split, test: split }
      const fake = fakeRun({ seed, data })
      const stepped = lentSteps(fake, examples).pipe(
        loadTeacher(checkpointFile(stateDict), { architecture: net }),
        crossEntropy(),
        training,
      )
      const seen = await collect(stepped, ({ training: { loss }, student, teacher }) => ({
        loss,
        weights: weightsOf(student),
        statistics: runningOf(student),
        logits: logitsOf(student),
        teacher: tf.tidy(() => teacher.logits(images(0)).dataSync<'float32'>()),
      }))
      fake.end()
      const [losses, last] = [seen.map(({ loss }) => loss), seen.at(-1)]
      expectClose(losses, truth.losses, VALUES, 'losses')
      const moved = [...unpackWeights(net, last?.weights ?? weights)]
      for (const [i, [parameter, { data: values }]] of nonEmpty(moved.entries()))
        expectSummary(values, truth.weights[i] ?? [], VALUES, parameter)
      expectSummary(last?.statistics ?? [], truth.statistics, VALUES, 'statistics')
      expectClose(last?.logits ?? [], truth.logits.flat(), VALUES, 'logits')
      expectClose(last?.teacher ?? [], expected.evaluation.logits.flat(), VALUES, 'logits of the teacher')
    })
  }
})

const { published } = golden
const file = shared(`checkpoints/${published.file}`)

describe(published.file, needing(publicCheckpoints), () => {
  it('has PyTorch’s logits and gradient for images in [0, 1], normalised before the network', async () => {
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(published.sha256)
    const read = await readCheckpoint(file)()
    if (isLeft(read)) throw new Error(describeError(read.left))
    const network = readNetwork('test', file, cifarNet, read.right.tensors)
    if (isLeft(network)) throw new Error(describeError(network.left))
    const student = new Student(network.right.architecture, network.right.weights)
    const [logits, gradient] = tf.tidy(() => [
      student.logits(imagesBy(published.images)).dataSync(),
      channelsFirst(
        tf.grad((x: Tensor) => crossEntropyLoss(student.logits(x as Tensor4D), oneHot()))(imagesBy(published.images)),
      ),
    ])
    student.dispose()
    expectClose(logits, published.logits.flat(), VALUES, 'logits')
    expectSummary(gradient, published.image_gradient, VALUES, 'gradient of the images')
  })
})
