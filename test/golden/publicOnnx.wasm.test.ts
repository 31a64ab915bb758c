/** ONNX files of others that move axes, or list an image's pixels: onnxruntime's logits, and the accuracy on MNIST. */
import { readFileSync } from 'node:fs'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import { selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { Student } from '../../src/training/network/network.js'
import { readTestSplit } from '../support/golden.js'
import { needing, publicCheckpoints, publicMnist, shared } from '../support/needs.js'
import { distance, seededNumbers } from '../support/numbers.js'
import { runOnnx } from '../support/onnxRuntime.js'

/** Relative to the largest logit. */
const TOLERANCE = 1e-5

const logitsOf = async (file: string, pixels: Float32Array): Promise<Float32Array> => {
  const read = await readCheckpoint(shared(`checkpoints/${file}`))()
  const network = isLeft(read) ? read : selfDescribed('test', file, read.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  const { architecture, weights, statistics } = network.right
  const { height, width, channels } = architecture.input
  const student = new Student(architecture, weights, statistics)
  const logits = tf.tidy(() =>
    student
      .logits(tf.tensor4d(pixels, [pixels.length / (height * width * channels), height, width, channels]))
      .dataSync(),
  )
  student.dispose()
  return Float32Array.from(logits)
}

const classOf = (logits: ArrayLike<number>): number => Array.from(logits).indexOf(Math.max(...Array.from(logits)))

describe('a public network in an ONNX file', () => {
  // Of the first 100 test images how many onnxruntime classifies correctly, and the normalisation outside of the file.
  it.each([
    ['eran_convSmallRELU__DiffAI', [1, 28, 28], 0.1307, 0.3081, 99],
    ['eran_mnist_conv_maxpool', [1, 28, 28], 0.1307, 0.3081, 99],
    ['mnistfc_256x2', [784, 1], 0, 1, 100],
  ] as const)(
    '%s: the logits and the accuracy of onnxruntime',
    needing(publicCheckpoints, publicMnist),
    async (name, extents, mean, std, correct) => {
      const file = `mnist-onnx/${name}.onnx`
      const { images, labels } = readTestSplit(100)
      const pixels = Float32Array.from(images, (byte) => (byte / 255 - mean) / std)
      const ours = await logitsOf(file, pixels)
      const bytes = readFileSync(shared(`checkpoints/${file}`))
      let right = 0
      for (let i = 0; i < 100; i++) {
        const theirs = await runOnnx(bytes, pixels.slice(784 * i, 784 * (i + 1)), [1, ...extents])
        const own = ours.slice(10 * i, 10 * (i + 1))
        expect(distance(own, theirs.data)).toBeLessThan(TOLERANCE)
        if (classOf(own) === labels[i]) right++
      }
      expect(right).toBe(correct)
    },
  )

  it.each(['small', 'medium'])('marabou_cifar10_%s, of channels last', needing(publicCheckpoints), async (name) => {
    const file = `cifar10-onnx/marabou_cifar10_${name}.onnx`
    const pixels = seededNumbers(7, 4 * 32 * 32 * 3).map((each) => (each + 1) / 2)
    const theirs = await runOnnx(readFileSync(shared(`checkpoints/${file}`)), pixels, [4, 32, 32, 3])
    expect(distance(await logitsOf(file, pixels), theirs.data)).toBeLessThan(TOLERANCE)
  })
})
