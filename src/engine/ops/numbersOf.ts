import type { DataTypeMap, Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * The numbers of a computed tensor, row by row; all tensors of the computation are freed. A `tf.tidy` that returned them
 * would look for tensors among the numbers, one by one, which takes longer than a small network if there are a thousand classes.
 */
export const numbersOf = <D extends 'float32' | 'int32' = 'float32'>(compute: () => Tensor): DataTypeMap[D] => {
  tf.engine().startScope()
  try {
    return compute().dataSync<D>()
  } finally {
    tf.engine().endScope()
  }
}
