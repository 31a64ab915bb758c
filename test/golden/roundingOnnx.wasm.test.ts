/** 8-bit networks of onnxruntime's quantizer and of PyTorch: onnxruntime's logits, attacks, and files written again. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fgsm } from '../../src/attacks/fgsm.js'
import { runAttack } from '../../src/attacks/run.js'
import { tf } from '../../src/engine/tf.js'
import { encodeInt8 } from '../../src/io/checkpoints/onnx/encodeInt8.js'
import { encodeOnnx } from '../../src/io/checkpoints/onnx/encodeOnnx.js'
import { decodeModel } from '../../src/io/checkpoints/onnx/graph/messages.js'
import { readOnnx } from '../../src/io/checkpoints/onnx/readOnnx.js'
import { selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { Student } from '../../src/training/network/network.js'
import { unwrap } from '../io/results.js'
import { relativeError, seededNumbers } from '../support/numbers.js'
import { channelsFirst, runOnnx } from '../support/onnxRuntime.js'

const SHAPE = { height: 8, width: 8, channels: 3 }
const EXAMPLES = 16
const CLASSES = 4

const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`onnx/rounding-${name}.onnx`, import.meta.url)))

const read = async (bytes: Uint8Array) => {
  const checkpoint = unwrap(await readOnnx(bytes, 'net.onnx', 'test')())
  return { ...unwrap(selfDescribed('test', 'net.onnx', checkpoint)), warnings: checkpoint.warnings }
}

const pixels = (): Float32Array => seededNumbers(1000, EXAMPLES * 192).map((value) => (value + 1) / 2)

const ours = async (bytes: Uint8Array): Promise<Float32Array> => {
  const { architecture, weights, statistics } = await read(bytes)
  const student = new Student(architecture, weights, statistics)
  const logits = tf.tidy(() => student.logits(tf.tensor4d(pixels(), [EXAMPLES, 8, 8, 3])).dataSync())
  student.dispose()
  return Float32Array.from(logits)
}

const theirs = async (bytes: Uint8Array, optimised?: 'disabled'): Promise<Float32Array> =>
  (await runOnnx(bytes, channelsFirst(pixels(), SHAPE), [EXAMPLES, 3, 8, 8], optimised)).data

const classesOf = (logits: Float32Array): readonly number[] =>
  Array.from({ length: EXAMPLES }, (_, i) => {
    const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES)
    return row.indexOf(Math.max(...row))
  })

/** The largest difference. */
const apart = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0)

const files = ['int8', 'uint8', 'unsigned', 'symmetric', 'floats', 'torch'] as const

describe.each(files)('an 8-bit network, %s', (name) => {
  it('is what onnxruntime computes; in integer arithmetic within a step of its last grid', async () => {
    const bytes = bytesOf(name)
    const [own, other] = [await ours(bytes), await theirs(bytes)]
    expect(relativeError(own, await theirs(bytes, 'disabled'))).toBeLessThan(1e-5)
    const { architecture, warnings } = await read(bytes)
    const grids = architecture.nodes.flatMap(({ layer }) => (layer.type === 'fakeQuantize' ? [layer] : []))
    expect(grids.length).toBeGreaterThan(2)
    expect(warnings).toEqual([expect.stringMatching(/8-bit integers/)])
    const last = architecture.nodes.at(-1)?.layer
    const step = last?.type === 'fakeQuantize' ? last.scale[0] : grids.at(-1)?.scale[0]
    expect(apart(own, other)).toBeLessThanOrEqual(1.001 * Number(step))
    expect(classesOf(own)).toEqual(classesOf(other))
  })

  it('is written again as it is', async () => {
    const bytes = bytesOf(name)
    const { architecture, weights, statistics } = await read(bytes)
    const again = await read(unwrap(encodeOnnx(architecture, weights, statistics)))
    expect(again.architecture.nodes.map(({ layer }) => layer)).toEqual(architecture.nodes.map(({ layer }) => layer))
    expect(again.weights).toEqual(weights)
  })

  it('has gradients that an attack can use', async () => {
    const { architecture, weights, statistics } = await read(bytesOf(name))
    const student = new Student(architecture, weights, statistics)
    const images = tf.tensor4d(pixels(), [EXAMPLES, 8, 8, 3])
    const classes = (): readonly number[] => classesOf(Float32Array.from(student.logits(images).dataSync()))
    const labels = tf.tensor2d(
      classes().map((label) => Array.from({ length: CLASSES }, (_, c) => (c === label ? 1 : 0))),
    )
    const indices = Uint32Array.from({ length: EXAMPLES }, (_, i) => i)
    const attacked = runAttack(fgsm({ epsilon: 0.1 }), {
      classifier: (given) => student.logits(given),
      images,
      labels,
      indices,
      seed: 0,
    })
    const after = classesOf(Float32Array.from(student.logits(attacked).dataSync()))
    expect(after.filter((label, i) => label !== classes()[i]).length).toBeGreaterThan(3)
    tf.dispose([images, labels, attacked])
    student.dispose()
  })
})

it('in integers it keeps its grids and its integers', async () => {
  const { architecture, weights } = await read(bytesOf('uint8'))
  const bytes = unwrap(encodeInt8(architecture, weights, new Map()))
  const again = await read(bytes)
  expect(again.architecture.nodes.map(({ layer }) => layer)).toEqual(architecture.nodes.map(({ layer }) => layer))
  expect(again.weights).toEqual(weights)
  const integers = (model: Uint8Array): readonly string[] =>
    (decodeModel(model).graph?.initializer ?? [])
      .filter(({ dims, dataType }) => dataType === 3 && dims.length > 1)
      .map(({ rawData }) => createHash('sha256').update(rawData).digest('hex'))
      .toSorted()
  expect(integers(bytes)).toEqual(integers(bytesOf('uint8')))
})

it.each([
  ['operators', '"QLinearConv" (3 times, first node "/stem/Conv_quant", opset 17), "QLinearAdd"'],
  ['dynamic', '"DynamicQuantizeLinear" (5 times, first node "input_QuantizeLinear", opset 17), "ConvInteger"'],
])('operators that compute in integers are refused by name: %s', async (name, named) => {
  expect(await readOnnx(bytesOf(name), 'net.onnx', 'test')()).toMatchObject({
    left: { actual: expect.stringContaining(named), hint: expect.stringContaining('QuantFormat.QDQ') },
  })
})
