import type { StateDict } from './stateDict.js'

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
