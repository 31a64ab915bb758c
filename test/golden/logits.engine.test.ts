import { expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'
import { checkpointNames, describeGolden, readGolden, readPublicNetwork, readTestSplit } from '../support/golden.js'
import { norm } from '../support/numbers.js'

interface Logits {
  readonly labels: readonly number[]
  readonly models: Readonly<
    Record<
      string,
      {
        readonly logits_f64: readonly (readonly number[])[]
        readonly hidden_sum_f32: readonly number[]
        readonly hidden_l2_f32: readonly number[]
        readonly hidden_shapes: readonly (readonly number[])[]
      }
    >
  >
}

/** Absolute, for logits of up to 32: what the project promises, and about ten times float32's error. */
const LOGITS = 1e-4

/** Relative: the reference sums up to 50,000 numbers in float32. */
const SUMS = 1e-5

const EXAMPLES = 8

describeGolden('the public networks on the first test images', () => {
  it.each(checkpointNames)('%s: logits and hidden activations agree with PyTorch', async (name) => {
    const golden = readGolden<Logits>('logits')
    const expected = golden.models[name]
    const { architecture, weights } = await readPublicNetwork(name)
    const split = readTestSplit(EXAMPLES)
    expect(Array.from(split.labels)).toEqual(golden.labels)
    const found = tf.tidy(() => {
      const images = imagesOf(
        split,
        architecture.input,
        Uint32Array.from({ length: EXAMPLES }, (_, i) => i),
      )
      const { logits, hidden } = forward(architecture, unflatten(architecture, tf.tensor1d(weights)), images)
      return {
        logits: logits.dataSync(),
        hidden: hidden.map((z) => ({
          // Ours is n × height × width × channels, PyTorch's n × channels × height × width.
          shape: [z.shape[0], ...(z.rank === 4 ? [z.shape[3], z.shape[1], z.shape[2]] : z.shape.slice(1))],
          sum: Float64Array.from(z.dataSync()).reduce((sum, value) => sum + value, 0),
          l2: norm(z.dataSync()),
        })),
      }
    })
    const truth = expected?.logits_f64.flat() ?? []
    expect(found.logits).toHaveLength(truth.length)
    const worst = truth.reduce((gap, value, i) => Math.max(gap, Math.abs(value - Number(found.logits[i]))), 0)
    expect(worst).toBeLessThan(LOGITS)
    expect(found.hidden.map(({ shape }) => shape)).toEqual(expected?.hidden_shapes)
    for (const [i, { sum, l2 }] of found.hidden.entries()) {
      expect(Math.abs(sum / Number(expected?.hidden_sum_f32[i]) - 1), `sum of activation ${i}`).toBeLessThan(SUMS)
      expect(Math.abs(l2 / Number(expected?.hidden_l2_f32[i]) - 1), `norm of activation ${i}`).toBeLessThan(SUMS)
    }
  })

  it('minibatches are pixels / 255 and one-hot labels', () => {
    const split = readTestSplit(2)
    const indices = Uint32Array.of(1, 0)
    const [pixels, labels] = tf.tidy(() => [
      imagesOf(split, { height: 28, width: 28, channels: 1 }, indices).dataSync(),
      Array.from(labelsOf(split, 10, indices).dataSync()),
    ])
    expect(Array.from(pixels)).toEqual(
      [...split.images.subarray(784), ...split.images.subarray(0, 784)].map((byte) => Math.fround(byte / 255)),
    )
    expect(labels).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
  })
})
