/** Tensors of ONNX files: however they are stored, they are read alike, and hold as many numbers as their shape requires. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import {
  attributeTypes,
  dataTypes,
  EXTERNAL,
  type OnnxTensor,
  type Written,
} from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { readOnnx } from '../../../../src/io/checkpoints/onnx/readOnnx.js'
import { littleEndian } from '../../../../src/io/checkpoints/tensors/dtype.js'
import { temporaryFolder } from '../../../runtime/fakes.js'
import { conv, model, tail, tensor } from './smallModel.js'

const MEAN = 0.5

/** A whole number of the encoding; negative ones take ten bytes. */
const varint = (value: number): readonly number[] => {
  const bytes: number[] = []
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 127n) | 128)
  }
}

const packed = (...values: readonly number[]): Uint8Array => Uint8Array.from(values.flatMap(varint))

/** A model that subtracts a constant from its images first, in one of the places where a tensor may be. */
const subtracting = (
  subtracted: Written<OnnxTensor>,
  place: 'initializer' | 'attribute',
  more: readonly Written<OnnxTensor>[] = [],
): Uint8Array => {
  const named = { ...subtracted, name: 'mean' }
  const sub = { opType: 'Sub', name: 'centre', input: ['x', 'mean'], output: ['centred'] }
  const constant = {
    opType: 'Constant',
    name: 'constant',
    output: ['mean'],
    attribute: [{ name: 'value', t: named, type: attributeTypes.tensor }],
  }
  return model({
    node: [...(place === 'attribute' ? [constant] : []), sub, { ...conv, input: ['centred', 'w'] }, ...tail],
    initializer: [...(place === 'initializer' ? [named] : []), ...more, tensor('w', [2, 1, 3, 3]), tensor('m', [8, 3])],
  })
}

/** What the network subtracts from its images, or the error. */
const meanOf = async (bytes: Uint8Array, file = join(temporaryFolder(), 'net.onnx')): Promise<number | string> => {
  const read = await readOnnx(bytes, file, 'test')()
  if (isLeft(read)) return describeError(read.left).replace(`test: ${file}: `, '')
  const { layers } = JSON.parse(read.right.metadata.description ?? '') as {
    layers: readonly { readonly type: string; readonly name?: string; readonly mean?: readonly number[] }[]
  }
  const [first] = layers
  // A mean that no image has is not a normalisation.
  if (first?.type === 'affine2d') return -(read.right.tensors.get(`${first.name}.bias`)?.data[0] ?? Number.NaN)
  return first?.mean?.[0] ?? 'no mean'
}

const bytesOf = (write: (view: DataView) => void, length: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(length))
  write(view)
  return new Uint8Array(view.buffer)
}

const places = ['initializer', 'attribute'] as const

describe.each(places)('a tensor of an %s', (place) => {
  const stored: Readonly<Record<string, Written<OnnxTensor>>> = {
    'float32, bytes': { dataType: dataTypes.float, rawData: littleEndian(Float32Array.of(MEAN)) },
    'float32, field': { dataType: dataTypes.float, floatData: [littleEndian(Float32Array.of(MEAN))] },
    'float64, bytes': { dataType: dataTypes.double, rawData: bytesOf((view) => view.setFloat64(0, MEAN, true), 8) },
    'float64, field': {
      dataType: dataTypes.double,
      doubleData: [bytesOf((view) => view.setFloat64(0, MEAN, true), 8)],
    },
    'float16, bytes': { dataType: dataTypes.float16, rawData: Uint8Array.of(0x00, 0x38) },
    'float16, field': { dataType: dataTypes.float16, int32Data: [packed(0x3800)] },
    'bfloat16, bytes': { dataType: dataTypes.bfloat16, rawData: Uint8Array.of(0x00, 0x3f) },
    'bfloat16, field': { dataType: dataTypes.bfloat16, int32Data: [packed(0x3f00)] },
  }
  it.each(Object.keys(stored))('of %s is read', async (name) => {
    expect(await meanOf(subtracting({ dims: [1, 1, 1, 1], ...stored[name] }, place))).toBe(MEAN)
  })

  const whole: Readonly<Record<string, Written<OnnxTensor>>> = {
    'int64, bytes': { dataType: dataTypes.int64, rawData: bytesOf((view) => view.setBigInt64(0, -3n, true), 8) },
    'int64, field': { dataType: dataTypes.int64, int64Data: [packed(-3)] },
    'int32, field': { dataType: dataTypes.int32, int32Data: [packed(-3)] },
    'int8, field': { dataType: dataTypes.int8, int32Data: [packed(-3)] },
    'int16, bytes': { dataType: dataTypes.int16, rawData: Uint8Array.of(0xfd, 0xff) },
  }
  it.each(Object.keys(whole))('of %s is read', async (name) => {
    expect(await meanOf(subtracting({ dims: [], ...whole[name] }, place))).toBe(-3)
  })

  it('in another file is read', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'mean.bin'), littleEndian(Float32Array.of(7, MEAN)))
    const externalData = Object.entries({ location: 'mean.bin', offset: '4', length: '4' })
    const entries = externalData.map(([key, value]) => ({ key, value }))
    const elsewhere = { dims: [1], dataType: dataTypes.float, externalData: entries, dataLocation: EXTERNAL }
    expect(await meanOf(subtracting(elsewhere, place), join(folder, 'net.onnx'))).toBe(MEAN)
  })

  const held = (numbers: number, dims: readonly number[] = [1]): Written<OnnxTensor> => ({
    dims,
    dataType: dataTypes.float,
    rawData: littleEndian(new Float32Array(numbers).fill(MEAN)),
  })
  const refused: Readonly<Record<string, readonly [Written<OnnxTensor>, string]>> = {
    'no numbers': [held(0), 'expected 1 numbers for tensor "mean" of shape [1], got 0'],
    'too many numbers': [held(2), 'expected 1 numbers for tensor "mean" of shape [1], got 2'],
    'half a number': [
      { ...held(1), rawData: new Uint8Array(5) },
      'expected 1 numbers for tensor "mean" of shape [1], got 5 bytes, which are no whole number of them',
    ],
    'too many numbers of varying length': [
      { dims: [1], dataType: dataTypes.int64, int64Data: [packed(1, 2)] },
      'expected 1 numbers for tensor "mean" of shape [1], got 2',
    ],
    'a number that is cut off': [
      { dims: [1], dataType: dataTypes.int64, int64Data: [Uint8Array.of(1, 0x80)] },
      'expected 1 numbers for tensor "mean" of shape [1], got 2',
    ],
    'a shape without bytes': [held(0, [2 ** 29]), `expected ${2 ** 29} numbers for tensor "mean" of shape`],
    'a shape of more numbers than can be counted': [held(0, [2 ** 40, 2 ** 40]), 'expected a shape of tensor "mean"'],
    'a negative extent': [held(1, [-1]), 'expected a shape of tensor "mean", got [-1]'],
    'too many axes': [held(1, new Array(9).fill(1)), 'expected tensor "mean" of at most 8 axes, got 9'],
    'numbers in two places': [
      { ...held(1), floatData: [littleEndian(Float32Array.of(1))] },
      'expected the numbers of tensor "mean" in one place, got floatData, rawData',
    ],
    'numbers of another type': [
      { dims: [1], dataType: dataTypes.float, int32Data: [packed(1)] },
      'expected the numbers of tensor "mean" in floatData or rawData, got int32Data',
    ],
    'a segment': [{ ...held(1), segment: { begin: 0, end: 1 } }, 'expected tensor "mean" in one piece'],
    'a type that is not supported': [{ dims: [1], dataType: 17, rawData: Uint8Array.of(1) }, 'got float8e4m3fn'],
    text: [{ dims: [1], dataType: 8, stringData: [Uint8Array.of(65)] }, 'got string'],
  }
  it.each(Object.keys(refused))('with %s is refused', async (name) => {
    const [subtracted = {}, expected] = refused[name] ?? []
    expect(await meanOf(subtracting(subtracted, place))).toContain(expected)
  })
})

it('a value that two initializers have is refused', async () => {
  const mean = { name: 'mean', dims: [], dataType: dataTypes.float, rawData: littleEndian(Float32Array.of(1)) }
  expect(await meanOf(subtracting(mean, 'initializer', [mean]))).toBe('expected each value once, got "mean" twice')
})

it('tensors share what they share of another file', async () => {
  const folder = temporaryFolder()
  const numbers = Float32Array.from({ length: 42 }, (_, i) => i / 42)
  writeFileSync(join(folder, 'all.bin'), littleEndian(numbers))
  const part = (name: string, dims: readonly number[], offset: number): Written<OnnxTensor> => ({
    name,
    dims,
    dataType: dataTypes.float,
    dataLocation: EXTERNAL,
    externalData: Object.entries({ location: 'all.bin', offset, length: 4 * dims.reduce((a, b) => a * b, 1) }).map(
      ([key, value]) => ({ key, value: `${value}` }),
    ),
  })
  const bytes = model({ initializer: [part('w', [2, 1, 3, 3], 0), part('m', [8, 3], 72)] })
  const read = await readOnnx(bytes, join(folder, 'net.onnx'), 'test')()
  if (isLeft(read)) throw new Error(describeError(read.left))
  const { tensors } = read.right
  expect(tensors.get('first.weight')?.data).toEqual(numbers.subarray(0, 18))
  expect([...(tensors.get('head.weight')?.data.subarray(0, 3) ?? [])]).toEqual(
    [18, 21, 24].map((i) => Math.fround(i / 42)),
  )
})
