import type { TrainingMetrics } from '../../dsl/step.js'

/** Sums up an epoch's steps. */
export class EpochMeans {
  #steps = 0
  #loss = 0
  #seconds = 0
  #terms = new Map<string, number>()

  add({ loss, seconds, terms }: TrainingMetrics): void {
    this.#steps += 1
    this.#loss += loss
    this.#seconds += seconds
    for (const [name, value] of Object.entries(terms)) this.#terms.set(name, (this.#terms.get(name) ?? 0) + value)
  }

  /** Mean loss and terms, and the seconds of all steps; then begins anew. */
  take(): { readonly loss: number; readonly terms: Readonly<Record<string, number>>; readonly seconds: number } {
    const steps = Math.max(1, this.#steps)
    const result = {
      loss: this.#loss / steps,
      terms: Object.fromEntries([...this.#terms].map(([name, sum]) => [name, sum / steps])),
      seconds: this.#seconds,
    }
    this.#steps = this.#loss = this.#seconds = 0
    this.#terms = new Map()
    return result
  }
}
