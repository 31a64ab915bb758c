import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { type NativeBackend, type OpAttribute, typeAttribute } from '../../nativeBackend.js'

/** Float operations by TensorFlow's names, one call each, for devices that gain nothing by graphs. */
export interface Arithmetic {
  /** Runs an operation with the type attribute `T` and, for operations that have more, those. */
  readonly run: (op: string, inputs: readonly TensorInfo[], more?: readonly OpAttribute[]) => Tensor
  /** Frees all results but these, and returns them. */
  readonly keep: <Kept extends Tensor[]>(...results: Kept) => Kept
}

/** Starts with no results. */
export const arithmetic = (native: NativeBackend): Arithmetic => {
  const made: Tensor[] = []
  return {
    run: (op, inputs, more = []) => {
      const result = native.executeSingleOutput(op, [typeAttribute(native, 'T', 'float32'), ...more], inputs)
      made.push(result)
      return result
    },
    keep: (...results) => {
      for (const one of made) if (!results.includes(one)) one.dispose()
      return results
    },
  }
}
