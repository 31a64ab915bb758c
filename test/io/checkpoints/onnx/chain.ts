/** ONNX files that are built node by node, and compared with onnxruntime. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import { tf } from '../../../../src/engine/tf.js'
import {
  dataTypes,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { readOnnx } from '../../../../src/io/checkpoints/onnx/readOnnx.js'
import { selfDescribed } from '../../../../src/models/parameters/selfDescribed.js'
import { Student } from '../../../../src/training/network/network.js'
import { distance, seededNumbers } from '../../../support/numbers.js'
import { channelsFirst, runOnnx } from '../../../support/onnxRuntime.js'
import { ints, model, tensor } from './smallModel.js'

/** The number of images that a file is compared with, and the one that it fixes. */
export const EXAMPLES = 2

/** Whole numbers as a list. */
export const whole = (name: string, numbers: readonly number[]): Written<OnnxTensor> => ({
  name,
  dims: [numbers.length],
  dataType: dataTypes.int64,
  rawData: new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer),
})

/** A graph that is built node by node, after an input of these extents; each node reads the one before it. */
export class Chain {
  readonly nodes: Written<OnnxNode>[] = []
  readonly tensors: Written<OnnxTensor>[] = []
  readonly #extents: readonly number[]
  last = 'x'

  constructor(extents: readonly number[]) {
    this.#extents = extents
  }

  add(
    opType: string,
    more: readonly Written<OnnxTensor>[] = [],
    attribute: NonNullable<Written<OnnxNode>['attribute']> = [],
    first: readonly string[] = [this.last],
  ): this {
    const name = `n${this.nodes.length}`
    const named = more.map((each, i) => ({ ...each, name: `${name}-${i}` }))
    this.tensors.push(...named)
    this.nodes.push({ opType, name, input: [...first, ...named.map((each) => each.name)], output: [name], attribute })
    this.last = name
    return this
  }

  transpose(...order: readonly number[]): this {
    return this.add('Transpose', [], [ints('perm', [0, ...order.map((axis) => axis + 1)])])
  }

  reshape(...extents: readonly number[]): this {
    return this.add('Reshape', [whole('', [-1, ...extents])])
  }

  conv(out: number, channels: number): this {
    return this.add('Conv', [tensor('', [out, channels, 3, 3])], [ints('pads', [1, 1, 1, 1])])
  }

  dense(features: number, out = 3): this {
    return this.add('MatMul', [tensor('', [features, out])]).add('Add', [tensor('', [out])])
  }

  get bytes(): Uint8Array {
    return this.file()
  }

  /** @param batch the number of images, or the name of any number */
  file(batch: number | string = EXAMPLES, more: Written<OnnxModel> = {}): Uint8Array {
    const images = typeof batch === 'string' ? { dimParam: batch } : { dimValue: batch }
    const typed = (extents: readonly number[]) => ({
      tensorType: { elemType: dataTypes.float, shape: { dim: [images, ...extents.map((dimValue) => ({ dimValue }))] } },
    })
    return model(
      {
        node: this.nodes,
        initializer: this.tensors,
        input: [{ name: 'x', type: typed(this.#extents) }],
        output: [{ name: this.last, type: typed([3]) }],
      },
      { opsetImport: [{ domain: '', version: 13 }], ...more },
    )
  }
}

/** The network of a file, and its warnings. */
export const networkOf = async (bytes: Uint8Array) => {
  const read = await readOnnx(bytes, 'net.onnx', 'test')()
  const network = isLeft(read) ? read : selfDescribed('test', 'net.onnx', read.right)
  if (isLeft(network) || isLeft(read)) throw new Error(isLeft(network) ? describeError(network.left) : '')
  return { ...network.right, warnings: read.right.warnings ?? [] }
}

/** Compares logits. @param order in which the file lists the numbers of an image @returns the types of the layers */
export const compare = async (
  bytes: Uint8Array,
  extents: readonly number[],
  order: 'first' | 'last',
  examples = EXAMPLES,
): Promise<string> => {
  const { architecture, weights, statistics } = await networkOf(bytes)
  const { height, width, channels } = architecture.input
  const pixels = seededNumbers(3, examples * height * width * channels)
  const listed = order === 'last' ? pixels : channelsFirst(pixels, architecture.input)
  const theirs = await runOnnx(bytes, listed, [examples, ...extents])
  const student = new Student(architecture, weights, statistics)
  const ours = tf.tidy(() =>
    Float32Array.from(student.logits(tf.tensor4d(pixels, [examples, height, width, channels])).dataSync()),
  )
  student.dispose()
  expect(distance(ours, theirs.data)).toBeLessThan(1e-5)
  return architecture.nodes.map(({ layer }) => layer.type).join(' ')
}
