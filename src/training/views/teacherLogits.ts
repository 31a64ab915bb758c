import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { StageState } from '../../dsl/context.js'
import type { Dataset } from '../../dsl/dataset.js'
import { tf } from '../../engine/tf.js'
import type { Network } from '../network/network.js'
import { knownLogits } from './sharedLogits.js'

/** Bytes beyond which logits are computed anew each time: a million examples of 16 classes. */
const MOST = 64 * 2 ** 20

/**
 * A teacher's logits, computed once for each example whose image does not change. An example's logits depend, in their
 * last bits, on the minibatch they were computed in, so a resumed run restores them exactly: `snapshot`.
 */
export class TeacherLogits {
  readonly #teacher: Network
  readonly #classes: number
  readonly #logits: Float32Array
  readonly #known: Float32Array

  constructor(teacher: Network, { train, classes }: Dataset, earlier: StageState | undefined) {
    this.#teacher = teacher
    this.#classes = classes
    const count = 4 * train.count * classes > MOST ? 0 : train.count
    this.#logits = restored(earlier?.arrays.logits, count * classes)
    this.#known = restored(earlier?.arrays.known, count)
  }

  /** @param indices of the images' training examples; undefined if the images were changed */
  of(images: Tensor4D, indices: Uint32Array | undefined): Tensor2D {
    const classes = this.#classes
    if (indices === undefined || this.#known.length === 0) {
      const answers = knownLogits(this.#teacher, images)
      return answers ? tf.tensor2d(answers, [images.shape[0], classes]) : this.#teacher.logits(images)
    }
    if (!indices.every((index) => this.#known[index] === 1)) {
      const computed = this.#teacher.logits(images)
      const values = computed.dataSync<'float32'>()
      for (const [row, index] of indices.entries()) {
        this.#logits.set(values.subarray(row * classes, (row + 1) * classes), index * classes)
        this.#known[index] = 1
      }
      return computed
    }
    const values = new Float32Array(indices.length * classes)
    for (const [row, index] of indices.entries())
      values.set(this.#logits.subarray(index * classes, (index + 1) * classes), row * classes)
    return tf.tensor2d(values, [indices.length, classes])
  }

  snapshot(): StageState {
    return { arrays: { logits: this.#logits.slice(), known: this.#known.slice() }, values: {} }
  }
}

const restored = (saved: Float32Array | undefined, length: number): Float32Array =>
  saved?.length === length ? saved.slice() : new Float32Array(length)
