/** Gradients of several networks and of several blocks of images at once. */
import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import {
  type Trained,
  type TrainedPass,
  weightGradients,
} from '../../../src/models/compiled/training/weightGradient.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { memory, normalisedNet, tinyNet } from '../../support/context.js'
import { relativeError, seededNumbers } from '../../support/numbers.js'

/** Sums of some hundred products in float32, in another order. */
const ROUNDING = 2e-5

const weightsFor = (architecture: Architecture, seed: number): Tensor1D =>
  tf.tensor1d(seededNumbers(seed, parameterCount(architecture)).map((value) => value / 2))
const imagesFor = (seed: number, n: number): Tensor4D => tf.tensor4d(seededNumbers(seed, n * 64), [n, 8, 8, 1])

/** Every hidden activation and every example has a different gradient. */
const lossOf = ({ logits, hidden }: TrainedPass): Scalar =>
  [logits, ...hidden]
    .map((z) => tf.mean(tf.mul(tf.square(z), tf.tensor(seededNumbers(z.size, z.size), z.shape))) as Scalar)
    .reduce((sum, next) => tf.add(sum, next) as Scalar)

const first = (passes: readonly TrainedPass[]): TrainedPass => {
  const [pass] = passes
  if (!pass) throw new Error('no pass')
  return pass
}

const values = (tensor: Tensor | undefined): Float32Array => Float32Array.from(tensor?.dataSync() ?? [])

describe.each([
  ['without batch normalisation', tinyNet],
  ['with batch normalisation', normalisedNet],
])('%s', (_title, net) => {
  const gradientOf = (images: readonly Tensor4D[]): Float32Array =>
    values(
      weightGradients([{ architecture: net, weights: weightsFor(net, 1), images }], (all) => lossOf(first(all)))[0],
    )

  it('outputs for blocks equal those for one batch, exactly without batch normalisation', () => {
    tf.tidy(() => {
      const [a, b] = [imagesFor(2, 5), imagesFor(3, 5)]
      const error = relativeError(gradientOf([a, b]), gradientOf([tf.concat([a, b])]))
      if (net === tinyNet) expect(error).toBeLessThan(ROUNDING)
      else expect(error).toBeGreaterThan(0.01)
    })
  })

  it('the gradient of a sum over blocks is the sum of each block’s', () => {
    tf.tidy(() => {
      const [a, b] = [imagesFor(2, 5), imagesFor(3, 4)]
      const weights = weightsFor(net, 1)
      const sumOf = (images: readonly Tensor4D[]): Float32Array => {
        const loss = (all: readonly TrainedPass[]): Scalar => tf.sum(tf.square(first(all).logits))
        return values(weightGradients([{ architecture: net, weights, images }], loss)[0])
      }
      const [apart, one, other] = [sumOf([a, b]), sumOf([a]), sumOf([b])]
      expect(
        relativeError(
          apart,
          one.map((value, i) => value + Number(other[i])),
        ),
      ).toBeLessThan(ROUNDING)
    })
  })

  it('returns the moments of each block’s normalisations', () => {
    tf.tidy(() => {
      const blocks = [imagesFor(2, 5), imagesFor(3, 4)]
      const counts: number[][] = []
      weightGradients([{ architecture: net, weights: weightsFor(net, 1), images: blocks }], (all) => {
        for (const moments of first(all).moments) counts.push(moments.map(({ count }) => count))
        return tf.sum(first(all).logits)
      })
      const perImage = net === tinyNet ? [] : [16, 4, 4]
      expect(counts).toEqual([5, 4].map((n) => perImage.map((size) => n * size)))
    })
  })
})

const two = (): readonly [Trained, Trained] => [
  { architecture: normalisedNet, weights: weightsFor(normalisedNet, 1), images: [imagesFor(2, 5), imagesFor(3, 5)] },
  { architecture: tinyNet, weights: weightsFor(tinyNet, 2), images: [imagesFor(2, 5)] },
]

it('two networks in one loss have the gradients of each with the other’s outputs held constant', () => {
  tf.tidy(() => {
    const [student, guide] = two()
    const meeting = (a: Tensor, b: Tensor): Scalar => tf.mean(tf.squaredDifference(tf.slice(a, 5), b))
    const [ofStudent, ofGuide] = weightGradients([student, guide], ([a, b]) => {
      if (!a || !b) throw new Error('no pass')
      return meeting(a.logits, b.logits)
    })
    const answers = (of: Trained): Tensor => {
      let [found, shape]: [Float32Array, number[]] = [new Float32Array(), [0]]
      weightGradients([of], (all) => {
        const { logits } = first(all)
        ;[found, shape] = [values(logits), logits.shape]
        return tf.sum(logits)
      })
      return tf.tensor(found, shape)
    }
    const [a, b] = [answers(student), answers(guide)]
    const [studentAlone] = weightGradients([student], (all) => meeting(first(all).logits, b))
    const [guideAlone] = weightGradients([guide], (all) => meeting(a, first(all).logits))
    expect(relativeError(values(ofStudent), values(studentAlone))).toBeLessThan(ROUNDING)
    expect(relativeError(values(ofGuide), values(guideAlone))).toBeLessThan(ROUNDING)
  })
})

it('disposes of all other tensors', () => {
  const networks = two()
  const use = () =>
    tf.dispose(
      weightGradients(networks, (all) =>
        all.map(lossOf).reduce((sum, next) => tf.add(sum, next) as Scalar),
      ) as Tensor[],
    )
  use()
  const before = memory()
  use()
  expect(memory()).toEqual(before)
  tf.dispose(networks.flatMap(({ weights, images }) => [weights, ...images]))
})
