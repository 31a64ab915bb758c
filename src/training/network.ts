import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import type { Architecture } from '../models/architecture.js'
import { classify } from '../models/classify.js'
import { compiledNetwork } from '../models/compiled/compiledNetwork.js'
import { forward, type ParameterTensors, unflatten } from '../models/forward.js'

/** A network with weights, for reading. */
export interface Network {
  readonly architecture: Architecture
  /** All parameters in one vector, in the engine's layout; see `parametersOf`. Owned by the network. */
  readonly weights: Tensor1D
  /** n × height × width × channels in [0, 1] to n × classes. */
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

/** A network whose weights training replaces, step by step. Freed by `dispose`. */
export class Student implements Network {
  readonly architecture: Architecture
  /** 1 where a parameter is kept and 0 where it is pruned, once that is settled. */
  mask: Float32Array | undefined
  #weights: Tensor1D
  #parameters: ParameterTensors | undefined

  /** @param weights in the engine's layout; copied */
  constructor(architecture: Architecture, weights: Float32Array) {
    this.architecture = architecture
    this.#weights = tf.keep(tf.tensor1d(weights))
  }

  get weights(): Tensor1D {
    return this.#weights
  }

  /** Takes over the vector and frees the one before it. */
  replaceWeights(weights: Tensor1D): void {
    this.#forgetParameters()
    this.#weights.dispose()
    this.#weights = tf.keep(weights)
  }

  logits(images: Tensor4D): Tensor2D {
    const compiled = compiledNetwork(this.architecture)
    if (compiled) return classify(compiled, this.#weights, images)
    // Cut once for all the passes between two weight updates: an attack makes many.
    this.#parameters ??= tf.tidy(() => {
      const parameters = unflatten(this.architecture, this.#weights)
      for (const tensor of parameters.values()) tf.keep(tensor)
      return parameters as ParameterTensors & Record<string, never>
    })
    return forward(this.architecture, this.#parameters, images).logits
  }

  dispose(): void {
    this.#forgetParameters()
    this.#weights.dispose()
  }

  #forgetParameters(): void {
    for (const tensor of this.#parameters?.values() ?? []) tensor.dispose()
    this.#parameters = undefined
  }
}
