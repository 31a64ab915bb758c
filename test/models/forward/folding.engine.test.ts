/** Batch normalisation in use: folded or not, it is the same function of the images. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { foldingOf, foldParameters } from '../../../src/models/forward/folding.js'
import { forward, unflatten } from '../../../src/models/forward/forward.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { batchNormDefaults, statisticsCount, updatedStatistics } from '../../../src/models/parameters/statistics.js'
import { gradientError } from '../../support/directional.js'
import { distance, seededNumbers } from '../../support/numbers.js'
import { normalised, shortcut } from '../fixtures.js'

/** Relative to the largest value: some ten roundings of float32 through four layers. */
const TOLERANCE = 1e-5

const EXAMPLES = 5

const weights = seededNumbers(1, parameterCount(normalised))
const pixels = seededNumbers(2, EXAMPLES * 72).map((value) => 0.5 + 0.5 * value)
const imagesOf = (values: Float32Array): Tensor4D => tf.tensor4d(values, [values.length / 72, 6, 6, 2])

/** The logits of the network in use, by these running statistics. */
const inUse = (statistics: Tensor1D, images: Tensor4D, flat: Tensor1D = tf.tensor1d(weights)) =>
  forward(
    foldingOf(normalised).architecture,
    foldParameters(normalised, unflatten(normalised, flat), statistics),
    images,
  )

describe('a folded network', () => {
  it('equals the network in training if the running statistics are the moments of the minibatch', () => {
    const [trained, folded] = tf.tidy(() => {
      const images = imagesOf(pixels)
      const training = forward(normalised, unflatten(normalised, tf.tensor1d(weights)), images)
      const moments = tf.concat(training.moments.flatMap(({ mean, variance }) => [mean, variance])) as Tensor1D
      const values = ({ logits, hidden }: typeof training) => [logits, ...hidden].map((tensor) => tensor.dataSync())
      return [values(training), values(inUse(moments, images))]
    })
    expect(trained).toHaveLength(5)
    for (const [i, values] of trained.entries()) expect(distance(folded[i] ?? [], values)).toBeLessThan(TOLERANCE)
  })

  it('has the same logits for an image alone and in a batch, unlike in training', () => {
    const statistics = seededNumbers(3, statisticsCount(normalised)).map((value) => 1 + value / 2)
    const [together, alone, trained, trainedAlone] = tf.tidy(() => {
      const parameters = unflatten(normalised, tf.tensor1d(weights))
      const [all, first] = [imagesOf(pixels), imagesOf(pixels.slice(0, 72))]
      return [
        inUse(tf.tensor1d(statistics), all),
        inUse(tf.tensor1d(statistics), first),
        forward(normalised, parameters, all),
        forward(normalised, parameters, first),
      ].map(({ logits }) => logits.dataSync().slice(0, 3)) as [Float32Array, Float32Array, Float32Array, Float32Array]
    })
    expect(distance(alone, together)).toBeLessThan(TOLERANCE)
    expect(distance(trainedAlone, trained)).toBeGreaterThan(1e-2)
  })

  it('has only the tensors that it needs; a network without batch normalisation stays unchanged', () => {
    tf.tidy(() => {
      const { architecture } = foldingOf(normalised)
      const folded = foldParameters(
        normalised,
        unflatten(normalised, tf.tensor1d(weights)),
        tf.ones([statisticsCount(normalised)]),
      )
      expect([...folded.keys()].sort()).toEqual(
        [...unflatten(architecture, tf.zeros([parameterCount(architecture)])).keys()].sort(),
      )
      const plain = unflatten(shortcut, tf.zeros([parameterCount(shortcut)]))
      expect(foldParameters(shortcut, plain, tf.tensor1d([]))).toBe(plain)
    })
  })
})

describe('gradients through batch normalisation by central differences', () => {
  const dy = seededNumbers(9, EXAMPLES * 3)
  const along = (logits: ArrayLike<number>): number =>
    Array.from(dy, (d, i) => d * Number(logits[i])).reduce((a, b) => a + b)

  it.each(['training', 'use'] as const)('in %s', (mode) => {
    const statistics = seededNumbers(3, statisticsCount(normalised)).map((value) => 1 + value / 2)
    const logits = (w: Tensor, x: Tensor): Tensor =>
      mode === 'training'
        ? forward(normalised, unflatten(normalised, w as Tensor1D), x as Tensor4D).logits
        : inUse(tf.tensor1d(statistics), x as Tensor4D, w as Tensor1D).logits
    const gradients = tf.tidy(() =>
      tf
        .grads((...[w, x]) => logits(w as Tensor, x as Tensor))(
          [tf.tensor1d(weights), imagesOf(pixels)],
          tf.tensor2d(dy, [EXAMPLES, 3]),
        )
        .map((gradient) => gradient.dataSync<'float32'>()),
    )
    const objective = ([w = weights, x = pixels]: readonly Float32Array[]): number =>
      along(tf.tidy(() => logits(tf.tensor1d(w), imagesOf(x)).dataSync()))
    // Some steps cross a ReLU's kink, which changes the differences by a few per cent.
    expect(gradientError(objective, [weights, pixels], gradients, { step: 1e-3 })).toBeLessThan(0.05)
  })
})

describe('running statistics', () => {
  it('move by the momentum towards the mean and the unbiased variance', () => {
    const updated = tf.tidy(() =>
      updatedStatistics(tf.tensor1d([1, 2, 3, 4]), [
        { mean: tf.tensor1d([10]), variance: tf.tensor1d([6]), count: 3 },
        { mean: tf.tensor1d([-10]), variance: tf.tensor1d([0]), count: 1 },
      ]).dataSync(),
    )
    const { momentum } = batchNormDefaults
    expect(momentum).toBe(0.1)
    expect(distance(updated, [0.9 + 1, 1.8 + 0.9, 2.7 - 1, 3.6])).toBeLessThan(1e-6)
  })
})
