import type { Normalisation } from '../../models/layers/layer.js'

/** A tensor of a file. */
export interface FoundTensor {
  readonly name: string
  /** Extent of each axis, in PyTorch's layout. */
  readonly shape: readonly number[]
}

/** A network of the zoo whose tensors a file holds. */
export interface FoundFit {
  /** Its name in the zoo: `architecture: 'resnet18'` reads the file. */
  readonly architecture: string
  /** The same with its sizes: `resnet18 of width 8`. */
  readonly name: string
  readonly classes: number
  readonly parameters: number
  /** Floating-point operations of one image's forward pass. */
  readonly flops: number
  /** The options that were read off the file. */
  readonly options: Readonly<Record<string, unknown>>
  /** The options that the file does not show; they have their defaults. */
  readonly assumed: readonly string[]
  /** What stands before the network's names in the file: `module.`, or nothing. */
  readonly prefix: string
  /** Of its images: in the file, or a part of every network of that name; null if the network does not normalise. */
  readonly normalisation: Normalisation | null
  /** The tensors other than its parameters and running statistics, such as counters and constants. */
  readonly besides: readonly string[]
}

/** A layer of a network that a file describes. */
export interface FoundLayer {
  readonly id: string
  /** Its type: `conv2d`, `relu` … */
  readonly type: string
  /** Of its output, without the batch: channels, height and width, or features. */
  readonly shape: readonly number[]
  readonly parameters: number
  /** How many of them are not zero. */
  readonly nonZero: number
  /** Floating-point operations of one image's forward pass. */
  readonly flops: number
}

/** The network that a file describes: of an ONNX file, or of one that `exportModel` wrote. */
export interface FoundNetwork {
  readonly name: string
  /** Of its images: channels, height and width. */
  readonly input: readonly number[]
  readonly classes: number
  readonly parameters: number
  readonly flops: number
  /** How many parameters its mask keeps; null if the file has no mask. */
  readonly kept: number | null
  readonly layers: readonly FoundLayer[]
}

/** What `pwoa-run inspect` finds in a file. */
export interface Inspection {
  readonly file: string
  readonly format: string
  /** Where in a PyTorch file the tensors are: `state_dict`; null at the top, and in other formats. */
  readonly stateDict: string | null
  readonly tensors: readonly FoundTensor[]
  /** The network that the file describes; null if it holds only tensors. */
  readonly network: FoundNetwork | null
  /** The networks of the zoo that it fits, if it does not describe its own. */
  readonly fits: readonly FoundFit[]
  /** Text besides the tensors, other than the description of the network and its masks. */
  readonly metadata: Readonly<Record<string, string>>
  /** What was left out, a sentence each. */
  readonly warnings: readonly string[]
}
