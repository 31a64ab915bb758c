import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { parseJsonOnce } from '../../dsl/kit/repeatedKey.js'
import type { Architecture } from '../architecture/architecture.js'
import type { WrongDescription } from '../architecture/description.js'
import { parameterCount, parametersOf } from './parameters.js'
import { fromTorch } from './torchOrder.js'
import { underNames } from './underNames.js'
import { type NamedTensors, unpackWeights } from './weights.js'

/**
 * Encodes a mask as JSON: for each tensor with pruned weights, one bit per weight in PyTorch's layout (1 = kept, lowest
 * bit of a byte first), in base64.
 *
 * @param mask flat, in the engine's layout: 1 for a kept parameter, 0 for a pruned one
 */
export const describeMask = (architecture: Architecture, mask: Float32Array): string => {
  const tensors = [...unpackWeights(architecture, mask)].filter(([, { data }]) => data.includes(0))
  return JSON.stringify(Object.fromEntries(tensors.map(([name, { data }]) => [name, packed(data)])))
}

/** Decodes a mask that `describeMask` encoded. @returns the mask, flat, in the engine's layout */
export const describedMask = (architecture: Architecture, text: string): Either<WrongDescription, Float32Array> => {
  const decoded = Bits.decode(parseJsonOnce(text))
  if (isLeft(decoded)) return left({ expected: 'masks as bits, by tensor name', actual: text.slice(0, 60) })
  const bits = new Map(Object.entries(decoded.right))
  const mask = new Float32Array(parameterCount(architecture)).fill(1)
  for (const parameter of parametersOf(architecture)) {
    const { name, size } = parameter
    const text64 = bits.get(name)
    bits.delete(name)
    if (text64 === undefined) continue
    const bytes = Buffer.from(text64, 'base64')
    if (bytes.length !== Math.ceil(size / 8))
      return left({ expected: `${size} bits for the mask of "${name}"`, actual: `${bytes.length} bytes` })
    fromTorch(mask, parameter, (index) => ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1)
  }
  const [stranger] = bits.keys()
  return stranger === undefined
    ? right(mask)
    : left({ expected: 'masks of parameters of the network', actual: `"${stranger}"` })
}

/** A mask from tensors with the names of the network's, as in a checkpoint. @returns the mask, flat, in the engine's layout */
export const maskOf = (architecture: Architecture, given: NamedTensors): Float32Array => {
  const { tensors } = underNames(architecture, given)
  const mask = new Float32Array(parameterCount(architecture)).fill(1)
  for (const parameter of parametersOf(architecture)) {
    const bits = tensors.get(parameter.name)?.data
    if (bits !== undefined) fromTorch(mask, parameter, (index) => bits[index] ?? 1)
  }
  return mask
}

const Bits = t.record(t.string, t.string)

const packed = (bits: Float32Array): string => {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7))
  return bytes.toString('base64')
}
