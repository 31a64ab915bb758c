import type { Dtype } from '../../tensors/dtype.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { doublesOf, tensorOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { activations, draftOf } from '../values/drafts.js'
import { elementwise } from './functions.js'

/**
 * `Relu`, which may be a part of another function: the minimum of it and 6 is a ReLU6. What a layer computes before it is
 * that layer, and in our own files each node is one.
 */
export const relu = (node: NodeReader): Value => {
  if (node.isOurs) return activations(node.builder.add({ type: 'relu' }, [node.activations(0)], node.originOf('relu')))
  const isLayer = draftOf(node.value(0), 'function')?.isLayer() === true
  return elementwise((x) => Math.max(x, 0))(isLayer ? node.withInputs([activations(node.activations(0))]) : node)
}

/** `Identity`. */
export const identity = (node: NodeReader): Value => node.value(0)

/** `Dropout`, which passes its input on outside of training. */
export const dropout = (node: NodeReader): Value => {
  const training = node.optional(2) ? doublesOf(node.constant(2)) : [0]
  if (training.length !== 1 || training[0] !== 0) node.refuse('a network in use', 'one exported in training mode')
  return node.value(0)
}

/** `Constant`. */
export const constant = (node: NodeReader): Value => {
  const [attribute = 'none', ...others] = node.attributes
  if (others.length > 0) node.refuse('one attribute, the value', node.attributes.join(', '))
  const made = (dtype: Dtype, numbers: readonly number[], dims: readonly number[]): Value => ({
    kind: 'constant',
    tensor: tensorOf('', dtype, dims, numbers),
  })
  const tensor = node.tensor('value')
  if (tensor) return { kind: 'constant', tensor }
  const floats = node.floats('value_floats')
  if (floats) return made('F32', floats, [floats.length])
  const integers = node.integers('value_ints')
  if (integers) return made('I64', integers, [integers.length])
  if (node.has('value_float')) return made('F32', [node.float('value_float')], [])
  if (node.has('value_int')) return made('I64', [node.integer('value_int')], [])
  return node.refuse('a constant of numbers', attribute)
}
