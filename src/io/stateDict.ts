/** One tensor in plain memory: row-major, contiguous, in PyTorch's layout (convolution OIHW, linear [out, in]). */
export interface StateTensor {
  /** Extent of each axis; empty for a scalar. */
  readonly shape: readonly number[]
  /** As many values as the product of `shape`. */
  readonly data: Float32Array
  /** The same numbers as little-endian bytes of the file, where they lie so in it: to be read without a copy. */
  readonly raw?: Uint8Array
}

/** A network's tensors by their PyTorch parameter names, in the order of the file. */
export type StateDict = ReadonlyMap<string, StateTensor>
