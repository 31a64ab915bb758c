import type { StateTensor } from '../../tensors/checkpoint.js'
import { dataTypes, type OnnxTensor } from './messages.js'
import { floatsOf } from './numbers.js'

/** A tensor whose numbers are made when they are asked for: a large file is not in memory twice. */
export const lazyTensor = (shape: readonly number[], numbers: () => Float32Array): StateTensor => ({
  shape,
  get data() {
    return numbers()
  },
})

/** A tensor of a file as it is. */
export const stateTensor = (tensor: OnnxTensor, shape: readonly number[] = tensor.dims): StateTensor => {
  const { dataType, rawData } = tensor
  const lazy = lazyTensor(shape, () => floatsOf(tensor))
  if (dataType !== dataTypes.float || rawData.length === 0) return lazy
  return Object.defineProperty(lazy, 'raw', { value: rawData })
}
