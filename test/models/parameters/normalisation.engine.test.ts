/** A network's own normalisation: the same as normalising the images first, gradients included. */
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { withNormalisation } from '../../../src/models/parameters/normalisation.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { statisticsCount } from '../../../src/models/parameters/statistics.js'
import { Student } from '../../../src/training/network/network.js'
import { relativeError, seededNumbers } from '../../support/numbers.js'
import { weightGradient } from '../../support/weightGradient.js'
import { normalised } from '../fixtures.js'

/** Two ways to round (x − mean) / std, through seven layers of float32. */
const ROUNDING = 2e-5

const EXAMPLES = 5
const constants = { mean: [0.3, 0.6], std: [0.25, 0.8] }
const net = withNormalisation(normalised, constants)
const weights = seededNumbers(1, parameterCount(normalised))
const statistics = seededNumbers(2, statisticsCount(normalised)).map((value) => 1 + value / 2)
const pixels = seededNumbers(3, EXAMPLES * 72).map((value) => (value + 1) / 2)
const inside = (values: Float32Array): Tensor4D => tf.tensor4d(values, [EXAMPLES, 6, 6, 2])
/** Like a data set's transform, in float64. */
const outside = pixels.map((value, i) => (value - Number(constants.mean[i % 2])) / Number(constants.std[i % 2]))

const lossOf = (logits: Tensor): Scalar =>
  tf.sum(tf.mul(logits, tf.tensor(seededNumbers(4, EXAMPLES * 3), [EXAMPLES, 3])))

describe('normalize', () => {
  it('in use: the logits, and an image gradient of 1/std times that of normalised images', () => {
    const of = (architecture: Architecture, values: Float32Array) => {
      const student = new Student(architecture, weights, statistics)
      const results = tf.tidy(() => [
        student.logits(inside(values)).dataSync<'float32'>(),
        tf
          .grad((x: Tensor) => lossOf(student.logits(x as Tensor4D)))(inside(values))
          .dataSync<'float32'>(),
      ])
      student.dispose()
      return results as [Float32Array, Float32Array]
    }
    const [[logits, gradient], [expected, plain]] = [of(net, pixels), of(normalised, outside)]
    expect(relativeError(logits, expected)).toBeLessThan(ROUNDING)
    const scaled = plain.map((value, i) => value / Number(constants.std[i % 2]))
    expect(relativeError(gradient, scaled)).toBeLessThan(ROUNDING)
    // Zeros are padded after the normalisation, which therefore can't be folded into the convolution.
    expect(relativeError(of(normalised, pixels)[0], expected)).toBeGreaterThan(0.1)
  })

  it('in training: logits, hidden activations, moments, and the gradient of the weights', () => {
    const of = (architecture: Architecture, values: Float32Array) => {
      const seen: Float32Array[] = []
      const gradient = tf.tidy(() =>
        weightGradient(architecture, tf.tensor1d(weights), inside(values), ({ logits, hidden, moments }) => {
          const all = [logits, ...hidden, ...moments.flatMap(({ mean, variance }) => [mean, variance])]
          seen.push(...all.map((tensor) => tensor.dataSync<'float32'>()))
          return lossOf(logits)
        }).dataSync<'float32'>(),
      )
      return [...seen, gradient]
    }
    const [found, expected] = [of(net, pixels), of(normalised, outside)]
    expect(found).toHaveLength(1 + 4 + 8 + 1)
    for (const [i, values] of found.entries()) expect(relativeError(values, expected[i] ?? [])).toBeLessThan(ROUNDING)
  })
})
