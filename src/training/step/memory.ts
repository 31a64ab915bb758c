import type { Tensor1D } from '@tensorflow/tfjs-core'
import type { StageState } from '../../dsl/context.js'
import { tf } from '../../engine/tf.js'

/**
 * Everything that training changes, by name: flat vectors (optimizer slots, Z, U, masks) and plain numbers (ρ, the
 * position). One record, which can be written and read back, so that a run resumes exactly. Owns its tensors.
 */
export class TrainingMemory {
  readonly #vectors = new Map<string, Tensor1D>()
  readonly #numbers = new Map<string, number>()

  vector(name: string): Tensor1D | undefined {
    return this.#vectors.get(name)
  }

  number(name: string, otherwise: number): number {
    return this.#numbers.get(name) ?? otherwise
  }

  /** Takes over the vector; the one of that name before it is freed. */
  setVector(name: string, vector: Tensor1D): void {
    const before = this.#vectors.get(name)
    if (before !== vector) before?.dispose()
    this.#vectors.set(name, tf.keep(vector))
  }

  setNumber(name: string, value: number): void {
    this.#numbers.set(name, value)
  }

  /** Frees and forgets all whose name begins so. */
  forget(prefix: string): void {
    for (const [name, vector] of this.#vectors) {
      if (!name.startsWith(prefix)) continue
      vector.dispose()
      this.#vectors.delete(name)
    }
    for (const name of this.#numbers.keys()) if (name.startsWith(prefix)) this.#numbers.delete(name)
  }

  snapshot(): StageState {
    return {
      arrays: Object.fromEntries(
        [...this.#vectors].map(([name, vector]) => [name, Float32Array.from(vector.dataSync())]),
      ),
      values: Object.fromEntries(this.#numbers),
    }
  }

  restore({ arrays, values }: StageState): void {
    for (const [name, data] of Object.entries(arrays)) this.setVector(name, tf.tensor1d(data))
    for (const [name, value] of Object.entries(values)) if (typeof value === 'number') this.setNumber(name, value)
  }
}
