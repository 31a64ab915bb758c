import {
  dataTypes,
  encodeModel,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from '../../../src/io/checkpoints/onnx/graph/messages.js'
import { littleEndian } from '../../../src/io/checkpoints/tensors/dtype.js'

const tensor = (name: string, dims: readonly number[]): Written<OnnxTensor> => {
  const numbers = Float32Array.from({ length: dims.reduce((product, extent) => product * extent, 1) }, (_, i) => i / 64)
  return { name, dims, dataType: dataTypes.float, rawData: littleEndian(numbers) }
}

const value = (name: string, sizes: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: dataTypes.float, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
})

const model = (graph: Written<OnnxGraph>): Uint8Array =>
  encodeModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: { name: 'g', input: [value('x', [1, 1, 4, 4])], output: [value('y', [1, 3])], ...graph },
  })

const node = (opType: string, input: readonly string[], output: string, more: Written<OnnxNode> = {}) => ({
  opType,
  name: output,
  input,
  output: [output],
  ...more,
})

const head: readonly Written<OnnxNode>[] = [node('Flatten', ['r'], 'f'), node('Gemm', ['f', 'm', 'b'], 'y')]

/** A convolution, batch normalisation, a rectifier and a linear layer. */
export const smallModel = (): Uint8Array =>
  model({
    node: [
      node('Conv', ['x', 'w'], 'c', { attribute: [{ name: 'kernel_shape', ints: [3, 3], type: 7 }] }),
      node('BatchNormalization', ['c', 's', 's', 's', 's'], 'n'),
      node('Relu', ['n'], 'r'),
      ...head,
    ],
    initializer: [tensor('w', [2, 1, 3, 3]), tensor('s', [2]), tensor('m', [8, 3]), tensor('b', [3])],
  })

const linear = [tensor('m', [16, 3]), tensor('b', [3])]

/** A chain of rectifiers. */
export const manyNodes = (count: number): Uint8Array =>
  model({
    node: [
      ...Array.from({ length: count }, (_, i) =>
        node('Relu', [i === 0 ? 'x' : `r${i}`], i === count - 1 ? 'r' : `r${i + 1}`),
      ),
      ...head,
    ],
    initializer: linear,
  })

/** Shapes, each of which is the one before it twice. */
export const endlessConcats = (count: number): Uint8Array =>
  model({
    node: [
      ...Array.from({ length: count }, (_, i) =>
        node('Concat', [`c${i}`, `c${i}`], `c${i + 1}`, { attribute: [{ name: 'axis', i: 0, type: 2 }] }),
      ),
      node('Reshape', ['x', `c${count}`], 'r'),
      ...head,
    ],
    initializer: [...linear, { name: 'c0', dims: [1], dataType: dataTypes.int64, int64Data: [Uint8Array.of(1)] }],
  })

/** A constant of that shape, which one number fills. */
export const filled = (dims: readonly number[]): Uint8Array =>
  model({
    node: [node('ConstantOfShape', ['c'], 'k'), node('Add', ['x', 'k'], 'r'), ...head],
    initializer: [...linear, { name: 'c', dims: [dims.length], dataType: dataTypes.int64, rawData: int64(dims) }],
  })

const int64 = (values: readonly number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values, BigInt).buffer)

/** A sum with a constant whose shape is all that there is of it. */
export const constantWithoutBytes = (): Uint8Array =>
  model({
    node: [
      node('Constant', [], 'k', {
        attribute: [{ name: 'value', t: { dims: [2 ** 29], dataType: dataTypes.float }, type: 4 }],
      }),
      node('Add', ['x', 'k'], 'r'),
      ...head,
    ],
    initializer: linear,
  })

/** One number that scales images of so many channels. */
export const scaleOf = (channels: number): Uint8Array =>
  model({
    input: [value('x', [1, channels, 1, 1])],
    node: [node('Mul', ['x', 'k'], 'r'), ...head],
    initializer: [...linear, { name: 'k', dims: [], dataType: dataTypes.float, rawData: Uint8Array.of(0, 0, 0, 64) }],
  })
