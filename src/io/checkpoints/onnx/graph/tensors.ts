import type { StateTensor } from '../../tensors/checkpoint.js'
import { DTYPE_BYTES } from '../../tensors/dtype.js'
import { countOf, floatsOf, type Tensor } from './tensor.js'

/** A tensor whose numbers are converted each time they are read, so a large file is not in memory twice. */
export const lazyTensor = (shape: readonly number[], numbers: () => Float32Array): StateTensor => ({
  shape,
  get data() {
    return numbers()
  },
})

/** A tensor of a file, unchanged. */
export const stateTensor = (tensor: Tensor): StateTensor => {
  const lazy = lazyTensor(tensor.dims, () => floatsOf(tensor))
  return tensor.raw ? Object.defineProperty(lazy, 'raw', { value: tensor.raw }) : lazy
}

/** Bytes of a tensor's numbers as float32. */
export const floatBytes = (shape: readonly number[]): number => DTYPE_BYTES.F32 * countOf(shape)
