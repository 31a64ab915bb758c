import type { BudgetOptions } from '../../files/readBudget.js'

/** What a checkpoint file holds. */
export interface Checkpoint {
  readonly tensors: StateDict
  /**
   * Text besides the tensors. Of a safetensors file: its `__metadata__`. Of a PyTorch file: where in it the tensors are
   * (`stateDict`), unless they are at the top. Of an ONNX file: the network's `description`.
   */
  readonly metadata: Readonly<Record<string, string>>
  /** Masks in a PyTorch file, by the names of their tensors: 1 for a kept number, 0 for a pruned one. @default none */
  readonly masks?: StateDict
  /** What stands among a PyTorch file's tensors and can't be read as one, by name: what it is, for errors. @default nothing */
  readonly skipped?: ReadonlyMap<string, string>
  /**
   * Whether `exportModel` wrote it, which states all of a network: a normalisation that is not in it does not exist.
   * @default false
   */
  readonly isComplete?: boolean
  /** What a user of the file should know, a sentence each: what was left out. @default nothing */
  readonly warnings?: readonly string[]
}

/** The stage that reads, and which network of a file it takes. */
export interface ReadCheckpointOptions {
  /**
   * The stage that an error names.
   * @default 'loadTeacher'
   */
  readonly stage?: string
  /**
   * Which state dict to take if a PyTorch file holds a list of them, counted from 0. The lists in public checkpoints are
   * cascades (convex_adversarial): the first network is trained on all examples, each later one only on the examples that
   * the networks before it leave uncertified. So only the first works alone.
   * @default 0
   */
  readonly select?: number
  /**
   * Where in a PyTorch file the network is, such as `teacher`, `ema.shadow` or `state_dict.1`, or a prefix of its names.
   * @default found by its place
   */
  readonly key?: string | undefined
  /**
   * What reading may cost.
   * @default the usual budget of a file of its size
   */
  readonly budget?: BudgetOptions
}

/** One tensor in plain memory: row-major, contiguous, in PyTorch's layout (convolution OIHW, linear [out, in]). */
export interface StateTensor {
  /** Extent of each axis; empty for a scalar. */
  readonly shape: readonly number[]
  /** As many values as the product of `shape`. */
  readonly data: Float32Array
  /** The same numbers as a view of the file's bytes, if the file holds them as little-endian float32. */
  readonly raw?: Uint8Array
}

/** A network's tensors by their PyTorch parameter names, in the order of the file. */
export type StateDict = ReadonlyMap<string, StateTensor>
