/** One tensor in plain memory: row-major, contiguous, in PyTorch's layout (convolution OIHW, linear [out, in]). */
export interface StateTensor {
  /** Extent of each axis; empty for a scalar. */
  readonly shape: readonly number[]
  /** As many values as the product of `shape`. */
  readonly data: Float32Array
}

/** A network's tensors by their PyTorch parameter names, in the order of the file. */
export type StateDict = ReadonlyMap<string, StateTensor>
