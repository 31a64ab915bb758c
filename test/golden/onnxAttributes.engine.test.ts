/** Operators with random attributes against ONNX's own reference implementation: scripts/golden_onnx_attributes.py. */
import { readFileSync } from 'node:fs'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { operatorNames } from '../../src/io/checkpoints/onnx/operators/index.js'
import { readOnnx } from '../../src/io/checkpoints/onnx/readOnnx.js'
import { selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { Student } from '../../src/training/network/network.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest logit. */
const TOLERANCE = 1e-5

interface Case {
  readonly operator: string
  readonly model: string
  readonly logits: readonly number[]
}

const golden = JSON.parse(readFileSync(new URL('onnx/attributes.json', import.meta.url), 'utf8')) as {
  readonly images: number
  readonly examples: number
  readonly cases: readonly Case[]
}

/** Logits of a model, or why it is refused. */
const outcome = async ({ model }: Case): Promise<Float32Array | string> => {
  const bytes = Buffer.from(model, 'base64')
  const read = await readOnnx(bytes, 'model.onnx', 'test')()
  const network = isLeft(read) ? read : selfDescribed('test', 'model.onnx', read.right)
  if (isLeft(network)) return describeError(network.left)
  const { architecture, weights, statistics } = network.right
  const { height, width, channels } = architecture.input
  const pixels = seededNumbers(golden.images, golden.examples * height * width * channels).map((each) => (each + 1) / 2)
  const student = new Student(architecture, weights, statistics)
  const logits = tf.tidy(() => {
    const images = tf.tensor4d(pixels, [golden.examples, channels, height, width])
    return student.logits(tf.transpose(images, [0, 2, 3, 1])).dataSync()
  })
  student.dispose()
  return Float32Array.from(logits)
}

describe('an operator with random attributes', () => {
  const operators = [...new Set(golden.cases.map(({ operator }) => operator))]

  /** They become no layer, or one together with others; the tests of whole ONNX networks have them. */
  const others = [
    ...['Attention', 'DequantizeLinear', 'LogSoftmax', 'QuantizeLinear', 'ReduceL2', 'Softmax'],
    ...['Range', 'SequenceAt', 'SplitToSequence'],
  ]

  it('is any of those that become layers', () => {
    expect([...operators, ...others].toSorted()).toEqual(operatorNames.toSorted())
  })

  it.each(operators)('%s gives the reference’s logits, or is refused by its node and opset', async (operator) => {
    const cases = golden.cases.filter((each) => each.operator === operator)
    let read = 0
    for (const each of cases) {
      const result = await outcome(each)
      if (typeof result === 'string') expect(result).toMatch(/in operator \w+ \(node "n\d+", opset \d+\)/)
      else expect(distance(result, each.logits)).toBeLessThan(TOLERANCE)
      if (typeof result !== 'string') read++
    }
    expect(read).toBeGreaterThan(0)
  })
})
