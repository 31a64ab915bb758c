/** A narrow ResNet-18 with batch normalisation, in training and in use, beside PyTorch: scripts/golden_networks.py. */
import { readFileSync } from 'node:fs'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../src/dsl/dataset.js'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { crossEntropyLoss } from '../../src/math/crossEntropy.js'
import { permutation, stream } from '../../src/math/random.js'
import { foldingOf, foldParameters } from '../../src/models/folding.js'
import { type ForwardPass, forward, unflatten } from '../../src/models/forward.js'
import { parametersOf } from '../../src/models/parameters.js'
import { resnet18 } from '../../src/models/resnet.js'
import { updatedStatistics } from '../../src/models/statistics.js'
import {
  type NamedTensors,
  packStatistics,
  packWeights,
  unpackStatistics,
  unpackWeights,
} from '../../src/models/weights.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { train } from '../../src/operators/train.js'
import { imagesOf, labelsOf } from '../../src/training/images.js'
import { Student } from '../../src/training/network.js'
import { constant } from '../../src/training/schedule.js'
import { sgd } from '../../src/training/sgd.js'
import { collect, fakeRun } from '../support/context.js'
import { norm, seededNumbers } from '../support/numbers.js'
import { checkpointFile, lentSteps, runningOf, weightsOf } from '../support/steps.js'

/** [norm, and products with three seeded vectors] of a tensor in PyTorch's order. */
type Summary = readonly [number, number, number, number]

interface Golden {
  readonly network: {
    readonly width: number
    readonly classes: number
    readonly examples: number
    /** Seed of the images. */
    readonly images: number
    readonly tensors: readonly (readonly [string, readonly number[]])[]
  }
  readonly sgd: { readonly lr: number; readonly momentum: number; readonly weight_decay: number }
  readonly evaluation: Pass
  readonly training: Pass & { readonly loss: number; readonly gradients: Readonly<Record<string, Summary>> }
  readonly two_passes: Moved
  readonly two_steps: Moved & {
    readonly losses: readonly number[]
    readonly weights: Readonly<Record<string, Summary>>
  }
}

interface Pass {
  readonly logits: readonly (readonly number[])[]
  readonly hidden: readonly Summary[]
  readonly image_gradient: Summary
}

interface Moved {
  readonly statistics: Readonly<Record<string, readonly number[]>>
  readonly logits: readonly (readonly number[])[]
}

const golden: Golden = JSON.parse(readFileSync(new URL('networks.json', import.meta.url), 'utf8'))
const { width, classes, examples, images: imageSeed, tensors } = golden.network
const net = resnet18({ width, classes })

/**
 * In units of the largest value of the list (of a sum-up: mostly the norm). The values are float64's; PyTorch's own
 * float32 lies up to 4e-6 from them in gradients and 1.3e-6 elsewhere (`float32` in the file). Ten times that.
 */
const VALUES = 1e-5
const GRADIENTS = 4e-5

const PROBES = 2000

/** The formula of `value_of` in the script. */
const valueOf = (name: string, shape: readonly number[], seed: number): Float32Array => {
  const u = seededNumbers(
    seed,
    shape.reduce((a, b) => a * b),
  )
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1)
  if (shape.length > 1) return u.map((value) => value * Math.sqrt(6 / fanIn))
  return /(weight|running_var)$/.test(name) ? u.map((value) => 1 + value / 2) : u.map((value) => value / 4)
}

const stateDict: NamedTensors = new Map(
  tensors.map(([name, shape], i) => [name, { shape, data: valueOf(name, shape, i + 1) }]),
)

const packed = (pack: typeof packWeights): Float32Array => {
  const result = pack('test', 'seeded', net, stateDict)
  if (isLeft(result)) throw new Error(describeError(result.left))
  return result.right
}
const weights = packed(packWeights)
const statistics = packed(packStatistics)

/** Both minibatches as bytes in the order of a data set: rows, columns, channels. */
const pixels = (which: number): Uint8Array => {
  const u = seededNumbers(imageSeed + which, examples * 3072)
  return Uint8Array.from(u, (_, to) => {
    const [example, pixel, channel] = [Math.floor(to / 3072), Math.floor((to % 3072) / 3), to % 3]
    return Math.floor((Number(u[example * 3072 + channel * 1024 + pixel]) + 1) * 128)
  })
}
const labels = Uint8Array.from({ length: examples }, (_, i) => (3 * i) % classes)
const everyone = Uint32Array.from({ length: examples }, (_, i) => i)
const splits = [0, 1].map((which) => ({ count: examples, images: pixels(which), labels }))
const images = (which: 0 | 1): Tensor4D => imagesOf(splits[which] as (typeof splits)[0], net.input, everyone)
const oneHot = () => labelsOf({ count: examples, images: new Uint8Array(0), labels }, classes, everyone)

/** PyTorch's order: channels before rows and columns. */
const channelsFirst = (tensor: Tensor): Float32Array =>
  tf.tidy(() => (tensor.rank === 4 ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor).dataSync<'float32'>())

const summary = (values: ArrayLike<number>): readonly number[] => [
  norm(values),
  ...[0, 1, 2].map((j) =>
    seededNumbers(PROBES + j, values.length).reduce((sum, r, i) => sum + r * Number(values[i]), 0),
  ),
]

const expectClose = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void => {
  expect(found.length, what).toBe(expected.length)
  const scale = Math.max(...Array.from(expected, Math.abs))
  const gap = Math.max(...Array.from(expected, (value, i) => Math.abs(Number(found[i]) - value)))
  expect(gap / scale, what).toBeLessThan(tolerance)
}

const expectPass = ({ logits, hidden }: Pick<ForwardPass, 'logits' | 'hidden'>, expected: Pass): void => {
  expectClose(logits.dataSync(), expected.logits.flat(), VALUES, 'logits')
  expect(hidden).toHaveLength(expected.hidden.length)
  for (const [i, z] of hidden.entries())
    expectClose(summary(channelsFirst(z)), expected.hidden[i] ?? [], VALUES, `hidden activation ${i}`)
}

const expectStatistics = (flat: Float32Array, expected: Moved['statistics']): void => {
  const found = unpackStatistics(net, flat)
  expect([...found.keys()]).toEqual(Object.keys(expected))
  for (const [name, { data }] of found) expectClose(data, expected[name] ?? [], VALUES, name)
}

const logitsOf = (student: Student): Float32Array => tf.tidy(() => student.logits(images(0)).dataSync<'float32'>())

describe(`ResNet-18 of width ${width}`, () => {
  it('has the tensors of the public state dicts, in their order', () => {
    const own = new Map([...unpackWeights(net, weights), ...unpackStatistics(net, statistics)])
    expect(tensors.map(([name]) => [name, own.get(name)?.shape])).toEqual(tensors.map(([name, shape]) => [name, shape]))
    expect(own.size).toBe(tensors.length)
    const parameters = tensors.filter(([name]) => !name.includes('running_')).map(([name]) => name)
    expect(parametersOf(net).map(({ name }) => name)).toEqual(parameters)
  })

  it('in use, with batch normalisation folded: logits, hidden activations and the gradient of the images', () => {
    tf.tidy(() => {
      const { architecture } = foldingOf(net)
      const parameters = foldParameters(net, unflatten(net, tf.tensor1d(weights)), tf.tensor1d(statistics))
      expectPass(forward(architecture, parameters, images(0)), golden.evaluation)
      const loss = (x: Tensor) => crossEntropyLoss(forward(architecture, parameters, x as Tensor4D).logits, oneHot())
      const gradient = channelsFirst(tf.grad(loss)(images(0)))
      expectClose(summary(gradient), golden.evaluation.image_gradient, GRADIENTS, 'gradient of the images')
    })
    const student = new Student(net, weights, statistics)
    expectClose(logitsOf(student), golden.evaluation.logits.flat(), VALUES, 'logits of a student')
    student.dispose()
  })

  it('in training: logits, hidden activations, loss, and the gradients of all parameters and of the images', () => {
    const { training } = golden
    const [dWeights, dImages] = tf.tidy(() => {
      expectPass(forward(net, unflatten(net, tf.tensor1d(weights)), images(0)), training)
      const loss = (...[w, x]: Tensor[]) =>
        crossEntropyLoss(forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits, oneHot())
      const { value, grads } = tf.valueAndGrads(loss)([tf.tensor1d(weights), images(0)])
      expectClose(value.dataSync(), [training.loss], VALUES, 'loss')
      return [Float32Array.from(grads[0]?.dataSync() ?? []), channelsFirst(grads[1] as Tensor)]
    })
    expectClose(summary(dImages), training.image_gradient, GRADIENTS, 'gradient of the images')
    const found = unpackWeights(net, dWeights)
    expect([...found.keys()]).toEqual(Object.keys(training.gradients))
    for (const [name, { data }] of found) expectClose(summary(data), training.gradients[name] ?? [], GRADIENTS, name)
  })

  it('running statistics after two training passes, and what the network makes of them', () => {
    const moved = tf.tidy(() => {
      const parameters = unflatten(net, tf.tensor1d(weights))
      return [images(0), images(1)]
        .reduce(
          (running, x) => updatedStatistics(running, forward(net, parameters, x).moments),
          tf.tensor1d(statistics),
        )
        .dataSync<'float32'>()
    })
    expectStatistics(moved, golden.two_passes.statistics)
    const student = new Student(net, weights, moved)
    expectClose(logitsOf(student), golden.two_passes.logits.flat(), VALUES, 'logits')
    student.dispose()
  })

  it('two training steps of a pipeline: losses, weights and statistics', async () => {
    const { lr, momentum, weight_decay: weightDecay } = golden.sgd
    const seed = 1
    // The examples lie so that the shuffle of the first epoch puts them in order: first one minibatch, then the other.
    const order = permutation(2 * examples, stream(seed, 'shuffle', 0))
    const size = 3072
    const [all, allLabels] = [new Uint8Array(2 * examples * size), new Uint8Array(2 * examples)]
    for (const [i, place] of order.entries()) {
      const [which, example] = [Math.floor(i / examples), i % examples]
      all.set(splits[which]?.images.subarray(example * size, (example + 1) * size) ?? [], place * size)
      allLabels[place] = labels[example] ?? 0
    }
    const split = { count: 2 * examples, images: all, labels: allLabels }
    const data: Dataset = { name: 'seeded', origin: 'synthetic', classes, shape: net.input, train: split, test: split }
    const fake = fakeRun({ seed, data })
    const counters = tensors
      .filter(([name]) => name.endsWith('running_mean'))
      .map(
        ([name]) =>
          [name.replace('running_mean', 'num_batches_tracked'), { shape: [], data: Float32Array.of(7) }] as const,
      )
    const stepped = lentSteps(fake, examples).pipe(
      loadTeacher(checkpointFile(new Map([...stateDict, ...counters])), { architecture: net }),
      crossEntropy(),
      train({ epochs: 1, optimizer: sgd({ momentum, weightDecay }), learningRate: lr, schedule: constant() }),
    )
    const seen = await collect(stepped, ({ training: { loss }, student, teacher }) => ({
      loss,
      weights: weightsOf(student),
      statistics: runningOf(student),
      logits: logitsOf(student),
      teacher: tf.tidy(() => teacher.logits(images(0)).dataSync<'float32'>()),
    }))
    fake.end()
    const expected = golden.two_steps
    expectClose(
      seen.map(({ loss }) => loss),
      expected.losses,
      VALUES,
      'losses',
    )
    const last = seen.at(-1)
    for (const [name, { data: values }] of unpackWeights(net, last?.weights ?? weights))
      expectClose(summary(values), expected.weights[name] ?? [], VALUES, name)
    expectStatistics(last?.statistics ?? statistics, expected.statistics)
    expectClose(last?.logits ?? [], expected.logits.flat(), VALUES, 'logits')
    expectClose(last?.teacher ?? [], golden.evaluation.logits.flat(), VALUES, 'logits of the teacher')
  })
})
