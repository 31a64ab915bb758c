import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { classify } from '../../models/compiled/classify.js'
import { compiledNetwork } from '../../models/compiled/compiledNetwork.js'
import { foldingOf, foldParameters } from '../../models/forward/folding.js'
import { forward, type ParameterTensors, unflatten } from '../../models/forward/forward.js'
import { parametersOf } from '../../models/parameters/parameters.js'
import type { PlainNetwork } from '../../models/parameters/plainNetwork.js'
import { freshStatistics } from '../../models/parameters/statistics.js'

/** A network with weights, for reading. */
export interface Network {
  readonly architecture: Architecture
  /** All parameters in one vector, in the engine's layout; see `parametersOf`. Owned by the network. */
  readonly weights: Tensor1D
  /** Batch normalisation's running means and variances in one vector; see `statisticsOf`. Owned by the network. */
  readonly statistics: Tensor1D
  /** The network in use, by its running statistics: n × height × width × channels in [0, 1] to n × classes. */
  readonly logits: (images: Tensor4D) => Tensor2D
}

/** Added by `loadTeacher`: the robust network that is distilled. Never changes. */
export interface HasTeacher {
  readonly teacher: Network
}

/** Added by `loadTeacher` and `initialise`: the network in training. */
export interface HasStudent {
  readonly student: Student
}

/** Added by `lbgat`: a network that is trained along with the student, on the first view of each minibatch. */
export interface HasGuide {
  readonly guide: Student
}

/** A network whose weights and running statistics training replaces, step by step. Freed by `dispose`. */
export class Student implements Network {
  #architecture: Architecture
  #mask: Float32Array | undefined
  #maskVector: Tensor1D | undefined
  #weights: Tensor1D
  #statistics: Tensor1D
  /** Of `foldingOf(architecture)`, for `logits`. */
  #inUse: ParameterTensors | undefined
  /** The same as one vector, for a compiled network. */
  #flat: Tensor1D | undefined

  /**
   * @param weights in the engine's layout; copied
   * @param statistics of batch normalisation; copied. @default mean 0 and variance 1
   */
  constructor(architecture: Architecture, weights: Float32Array, statistics = freshStatistics(architecture)) {
    this.#architecture = architecture
    this.#weights = tf.keep(tf.tensor1d(weights))
    this.#statistics = tf.keep(tf.tensor1d(statistics))
  }

  get architecture(): Architecture {
    return this.#architecture
  }

  get weights(): Tensor1D {
    return this.#weights
  }

  get statistics(): Tensor1D {
    return this.#statistics
  }

  /** 1 where a parameter is kept and 0 where it is pruned; undefined while nothing is pruned. */
  get mask(): Float32Array | undefined {
    return this.#mask
  }

  set mask(mask: Float32Array | undefined) {
    this.#maskVector?.dispose()
    this.#maskVector = undefined
    this.#mask = mask
  }

  /** The mask as a tensor, which the student owns; undefined while nothing is pruned. */
  get maskVector(): Tensor1D | undefined {
    if (this.#mask) this.#maskVector ??= tf.keep(tf.tensor1d(this.#mask))
    return this.#maskVector
  }

  /** Takes over the vector and frees the one before it. */
  replaceWeights(weights: Tensor1D): void {
    this.#forgetInUse()
    this.#weights.dispose()
    this.#weights = tf.keep(weights)
  }

  /** Takes over the vector and frees the one before it. */
  replaceStatistics(statistics: Tensor1D): void {
    this.#forgetInUse()
    this.#statistics.dispose()
    this.#statistics = tf.keep(statistics)
  }

  /** Becomes another network, with its parameters and its mask. */
  become({ architecture, weights, statistics, mask }: PlainNetwork): void {
    this.replaceWeights(tf.tensor1d(weights))
    this.replaceStatistics(tf.tensor1d(statistics))
    this.#architecture = architecture
    this.mask = mask
  }

  logits(images: Tensor4D): Tensor2D {
    const { architecture } = foldingOf(this.architecture)
    const compiled = compiledNetwork(architecture)
    const flat = () => (architecture === this.architecture ? this.#weights : this.#flatInUse(architecture))
    if (compiled) return classify(compiled, flat(), images)
    // Cut and folded once for all the passes between two updates: an attack makes many.
    this.#inUse ??= tf.tidy(() => {
      const folded = this.#folded()
      for (const tensor of folded.values()) tf.keep(tensor)
      return folded as ParameterTensors & Record<string, never>
    })
    return forward(architecture, this.#inUse, images).logits
  }

  /** Frees the tensors. */
  dispose(): void {
    this.#forgetInUse()
    this.#maskVector?.dispose()
    this.#maskVector = undefined
    this.#weights.dispose()
    this.#statistics.dispose()
  }

  /** The folded parameters in the order of the network in use, once for all the passes between two updates. */
  #flatInUse(architecture: Architecture): Tensor1D {
    this.#flat ??= tf.tidy(() => {
      const folded = this.#folded()
      const pieces = parametersOf(architecture).flatMap(({ name }) => folded.get(name) ?? [])
      return tf.keep(tf.concat(pieces.map((piece) => tf.reshape(piece, [-1]) as Tensor1D)))
    })
    return this.#flat
  }

  #folded(): ParameterTensors {
    return foldParameters(this.architecture, unflatten(this.architecture, this.#weights), this.#statistics)
  }

  #forgetInUse(): void {
    for (const tensor of this.#inUse?.values() ?? []) tensor.dispose()
    this.#flat?.dispose()
    this.#inUse = undefined
    this.#flat = undefined
  }
}
