import type { StateTensor } from '../../tensors/checkpoint.js'
import { dataTypes, type OnnxTensor } from './messages.js'
import { floatsOf } from './numbers.js'

/** A tensor whose numbers are converted each time they are read, so a large file is not in memory twice. */
export const lazyTensor = (shape: readonly number[], numbers: () => Float32Array): StateTensor => ({
  shape,
  get data() {
    return numbers()
  },
})

/** A tensor of a file, unchanged except for its shape if another is given. */
export const stateTensor = (tensor: OnnxTensor, shape: readonly number[] = tensor.dims): StateTensor => {
  const { dataType, rawData } = tensor
  const lazy = lazyTensor(shape, () => floatsOf(tensor))
  if (dataType !== dataTypes.float || rawData.length === 0) return lazy
  return Object.defineProperty(lazy, 'raw', { value: rawData })
}
