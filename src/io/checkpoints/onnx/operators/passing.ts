import { dataTypes, type OnnxTensor } from '../graph/messages.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { floatsOf } from '../graph/numbers.js'
import { activations } from './drafts.js'

/** `Relu`. */
export const relu = (node: NodeReader): Value =>
  activations(node.builder.add({ type: 'relu' }, [node.activations(0)], node.originOf('relu')))

/** `Identity`. */
export const identity = (node: NodeReader): Value => node.value(0)

/** `Dropout`, which passes its input on outside of training. */
export const dropout = (node: NodeReader): Value => {
  const training = node.optional(2) ? floatsOf(node.constant(2))[0] : 0
  if (training !== 0) node.refuse('a network in use', 'one exported in training mode')
  return node.value(0)
}

/** `Constant`. */
export const constant = (node: NodeReader): Value => {
  const tensor = node.tensor('value')
  if (tensor) return { kind: 'constant', tensor }
  const floats = node.floats('value_floats')
  const integers = node.integers('value_ints')
  if (node.has('value_float')) return made(dataTypes.float, [node.float('value_float', 0)], [])
  if (node.has('value_int')) return made(dataTypes.int64, [node.integer('value_int', 0)], [])
  if (node.has('value_floats') && floats) return made(dataTypes.float, floats, [floats.length])
  if (node.has('value_ints') && integers) return made(dataTypes.int64, integers, [integers.length])
  return node.refuse('a constant of numbers', 'a constant of another type')
}

const made = (dataType: number, numbers: readonly number[], dims: number[]): Value => {
  const isFloat = dataType === dataTypes.float
  const floatBytes = Buffer.alloc(4 * numbers.length)
  for (const [i, value] of numbers.entries()) floatBytes.writeFloatLE(value, 4 * i)
  const tensor: OnnxTensor = {
    dims,
    dataType,
    floatData: [],
    int32Data: [],
    int64Data: isFloat ? [] : [...numbers],
    name: '',
    rawData: isFloat ? floatBytes : new Uint8Array(0),
    doubleData: [],
    externalData: [],
    dataLocation: 0,
  }
  return { kind: 'constant', tensor }
}
