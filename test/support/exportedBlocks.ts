/** Small networks that PyTorch exported at several opsets, with its values: `test/golden/<family>.json`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { unpackWeights } from '../../src/models/parameters/weights.js'
import { Student } from '../../src/training/network/network.js'
import { norm, seededNumbers } from './numbers.js'

/** PyTorch's values of one network. */
export interface ExportedBlock {
  readonly opsets: readonly number[]
  readonly tensors: readonly (readonly [string, readonly number[]])[]
  readonly use: readonly (readonly number[])[]
  readonly training: readonly (readonly number[])[]
  readonly weight_gradient: readonly number[]
  readonly image_gradient: readonly number[]
}

interface Golden {
  readonly examples: number
  readonly sizes: readonly [number, number, number]
  readonly blocks: Readonly<Record<string, ExportedBlock>>
}

const pathOf = (name: string): string => fileURLToPath(new URL(`../golden/${name}`, import.meta.url))

/** The norm, and two products with seeded numbers: how the golden files hold a gradient. */
export const summaryOf = (values: Float32Array): readonly number[] => [
  norm(values),
  ...[0, 1].map((j) => {
    const probe = seededNumbers(2000 + j, values.length)
    return values.reduce((sum, value, i) => sum + value * (probe[i] ?? 0), 0)
  }),
]

/** The networks of a family, one case for each opset, and how to compute with them what PyTorch computed. */
export const exportedBlocks = (family: string) => {
  const golden: Golden = JSON.parse(readFileSync(pathOf(`${family}.json`), 'utf8'))
  const [channels, height, width] = golden.sizes
  const pixels = seededNumbers(1000, golden.examples * channels * height * width).map((value) => (value + 1) / 2)
  const images = (): Tensor4D =>
    tf.transpose(tf.tensor4d(pixels, [golden.examples, channels, height, width]), [0, 2, 3, 1])

  const cases = Object.entries(golden.blocks).flatMap(([name, block]) =>
    block.opsets.map((opset) => [`${name}-${opset}`, name, block] as const),
  )

  const read = async (file: string) => {
    const checkpoint = await readCheckpoint(pathOf(`onnx/${family}-${file}.onnx`))()
    if (isLeft(checkpoint)) throw new Error(describeError(checkpoint.left))
    const network = selfDescribed('test', file, checkpoint.right)
    if (isLeft(network)) throw new Error(describeError(network.left))
    return network.right
  }

  const logitsInUse = ({ architecture, weights, statistics }: Awaited<ReturnType<typeof read>>) => {
    const student = new Student(architecture, weights, statistics)
    const logits = tf.tidy(() => student.logits(images()).dataSync())
    student.dispose()
    return logits
  }

  /** Logits in training, and the gradients of their product with seeded numbers. */
  const inTraining = (net: Architecture, weights: Float32Array) => {
    const dy = seededNumbers(3, golden.examples * net.classes)
    const [logits, byWeights, byImages] = tf.tidy(() => {
      const run = (w: Tensor, x: Tensor) => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits
      const [w, x] = [tf.tensor1d(weights), images()]
      const { grads } = tf.valueAndGrads((a: Tensor, b: Tensor) =>
        tf.sum(tf.mul(run(a, b), tf.tensor2d(dy, [golden.examples, net.classes]))),
      )([w, x])
      return [run(w, x), grads[0] ?? w, tf.transpose(grads[1] ?? x, [0, 3, 1, 2])].map((each) =>
        Float32Array.from(each.dataSync()),
      )
    })
    return {
      logits: logits ?? [],
      byTensor: unpackWeights(net, byWeights ?? weights),
      byImages: byImages ?? Float32Array.from(pixels),
    }
  }

  return { cases, read, logitsInUse, inTraining }
}
