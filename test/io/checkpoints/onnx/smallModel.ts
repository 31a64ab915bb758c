/** A small ONNX model, and parts to change it, for tests of the reader. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import {
  dataTypes,
  encodeModel,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { readCheckpoint } from '../../../../src/io/checkpoints/readCheckpoint.js'
import { littleEndian } from '../../../../src/io/checkpoints/tensors/dtype.js'
import { selfDescribed } from '../../../../src/models/parameters/selfDescribed.js'
import { temporaryFolder } from '../../../runtime/fakes.js'
import { seededNumbers } from '../../../support/numbers.js'

export const tensor = (name: string, dims: readonly number[], values?: Float32Array): Written<OnnxTensor> => {
  const count = dims.reduce((product, extent) => product * extent, 1)
  return { name, dims, dataType: dataTypes.float, rawData: littleEndian(values ?? seededNumbers(1, count)) }
}

export const value = (name: string, sizes: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: dataTypes.float, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
})

export const ints = (name: string, numbers: readonly number[]) => ({ name, ints: numbers, type: 7 })

export const conv: Written<OnnxNode> = {
  opType: 'Conv',
  name: 'first',
  input: ['x', 'w'],
  output: ['a'],
  attribute: [ints('kernel_shape', [3, 3])],
}
export const tail: readonly Written<OnnxNode>[] = [
  { opType: 'Relu', name: 'relu', input: ['a'], output: ['b'] },
  { opType: 'Flatten', name: 'flat', input: ['b'], output: ['c'] },
  { opType: 'Gemm', name: 'head', input: ['c', 'm'], output: ['y'] },
]
export const initializer = [tensor('w', [2, 1, 3, 3]), tensor('m', [8, 3])]

/** A 3×3 convolution of one channel of 4 × 4 pixels into two, and a linear layer. The tests change it. */
export const graph: Written<OnnxGraph> = {
  name: 'small',
  node: [conv, ...tail],
  initializer,
  input: [value('x', [1, 1, 4, 4])],
  output: [value('y', [1, 3])],
}

export const model = (changed: Written<OnnxGraph> = {}, more: Written<OnnxModel> = {}): Uint8Array =>
  encodeModel({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph: { ...graph, ...changed }, ...more })

/** The error for a file of these bytes; `none` if it is read. */
export const complaint = async (bytes: Uint8Array, folder = temporaryFolder()): Promise<string> => {
  const file = join(folder, 'net.onnx')
  writeFileSync(file, bytes)
  const read = await readCheckpoint(file)()
  const network = isLeft(read) ? read : selfDescribed('loadTeacher', file, read.right)
  if (!isLeft(network)) return 'none'
  expect(network.left).toMatchObject({ _tag: 'FileError', stage: 'loadTeacher', file })
  return describeError(network.left).replace(`loadTeacher: ${file}: `, '')
}
