/** What a checkpoint file holds. */
export interface Checkpoint {
  readonly tensors: StateDict
  /**
   * Text that came with the tensors: safetensors' `__metadata__`; from PyTorch files, where the tensors were found; from
   * ONNX files, the network's `description`.
   */
  readonly metadata: Readonly<Record<string, string>>
}

/** How a reader names itself in an error, and what it takes from a file that holds several networks. */
export interface ReadCheckpointOptions {
  /**
   * The stage that an error names.
   * @default 'loadTeacher'
   */
  readonly stage?: string
  /**
   * Which state dict to take where a PyTorch file holds a list of them, counted from 0. The lists in public
   * checkpoints are cascades (convex_adversarial): the first network is trained on all examples, each later one only
   * on those that its predecessors leave uncertified, so only the first works alone.
   * @default 0
   */
  readonly select?: number
}

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
