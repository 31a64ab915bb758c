import { tf } from '../../engine/tf.js'
import { logitsOf } from './ascend.js'
import type { AttackInput, Perturbing } from './attack.js'
import { classesOf, predictionsOf } from './predictions.js'
import { gatherRows } from './steps.js'

/** One attempt on the examples that survive so far. Its tensors are freed after it. */
export interface Attempt extends AttackInput {
  /** True classes, n. */
  readonly classes: Int32Array
  /** Which attempt, from 0. */
  readonly number: number
  /**
   * Records an adversarial image of a row, height × width × channels, and the length of its perturbation. The shortest
   * perturbation of each row is kept, and the first one among equal lengths.
   */
  readonly onBroken: (row: number, image: Float32Array, length?: number) => void
}

type RunAttempt = (attempt: Attempt) => Generator<number, unknown, undefined>

/**
 * Makes `count` attempts, each from the original images on the examples that no earlier attempt has broken. An example
 * that is misclassified without an attack is returned unchanged, and so is an example that survives all attempts.
 */
export const attemptsOnUnbroken = (input: AttackInput, count: number, attempt: RunAttempt): Perturbing =>
  runAttempts(input, count, attempt, (rows, isBroken) => rows.filter((row) => !isBroken(row)))

/**
 * Makes `count` attempts, each on all examples that are classified correctly without an attack: a later attempt may find
 * a shorter perturbation.
 */
export const attemptsOnAll = (input: AttackInput, count: number, attempt: RunAttempt): Perturbing =>
  runAttempts(input, count, attempt, (rows) => rows)

function* runAttempts(
  input: AttackInput,
  count: number,
  attempt: RunAttempt,
  nextRows: (rows: Int32Array<ArrayBuffer>, isBroken: (row: number) => boolean) => Int32Array<ArrayBuffer>,
): Perturbing {
  const { images, labels, classifier, indices } = input
  const size = images.size / indices.length
  const result = images.dataSync<'float32'>().slice()
  const classes = classesOf(labels)
  const guesses = predictionsOf(logitsOf(classifier, images), labels.shape[1])
  const lengths = new Float64Array(classes.length).fill(Number.POSITIVE_INFINITY)
  let remaining = Int32Array.from(classes.keys()).filter((row) => guesses[row] === classes[row])
  for (let number = 0; number < count && remaining.length > 0; number++) {
    const rows = remaining
    const subset = takeRows(input, rows)
    const onBroken = (row: number, image: Float32Array, length = 0): void => {
      const inputRow = rows[row] ?? 0
      if (!(length < (lengths[inputRow] ?? 0))) return
      result.set(image, inputRow * size)
      lengths[inputRow] = length
    }
    try {
      const truth = Int32Array.from(rows, (row) => classes[row] ?? 0)
      const shares = attempt({ ...subset, classes: truth, number, onBroken })
      for (const share of shares) yield (number + share) / count
    } finally {
      tf.dispose([subset.images, subset.labels])
    }
    remaining = nextRows(rows, (row) => Number.isFinite(lengths[row]))
  }
  return tf.tensor4d(result, images.shape)
}

/** The input reduced to some of its rows, with new tensors. */
const takeRows = (input: AttackInput, rows: Int32Array): AttackInput => ({
  ...input,
  images: gatherRows(input.images, rows),
  labels: gatherRows(input.labels, rows),
  indices: Uint32Array.from(rows, (row) => input.indices[row] ?? 0),
})
