import { tf } from '../../engine/tf.js'
import { logitsOf } from './ascend.js'
import type { AttackInput, Perturbing } from './attack.js'
import { classesOf, predictionsOf } from './predictions.js'
import { gathered } from './steps.js'

/** One try on the examples that still stand. Its tensors are freed after it. */
export interface Attempt extends AttackInput {
  /** True classes, n. */
  readonly classes: Int32Array
  /** Which try, from 0. */
  readonly run: number
  /**
   * Takes down the adversarial image of a row, height × width × channels, and the length of its perturbation; the
   * shortest one stays, of equal ones the first.
   */
  readonly broken: (row: number, image: Float32Array, length?: number) => void
}

type Trying = (attempt: Attempt) => Generator<number, unknown, undefined>

/**
 * Tries one run after the other, each on the examples that no earlier one has broken, from the original images.
 * An example that is misclassified as it is comes back unchanged, and so does one that withstands all runs.
 */
export const onUnbroken = (input: AttackInput, runs: number, attempt: Trying): Perturbing =>
  tries(input, runs, attempt, (rows, isBroken) => rows.filter((row) => !isBroken(row)))

/** The same, each run on all examples that are classified correctly: a later run may find a shorter perturbation. */
export const onAll = (input: AttackInput, runs: number, attempt: Trying): Perturbing =>
  tries(input, runs, attempt, (rows) => rows)

function* tries(
  input: AttackInput,
  runs: number,
  attempt: Trying,
  next: (rows: Int32Array<ArrayBuffer>, isBroken: (row: number) => boolean) => Int32Array<ArrayBuffer>,
): Perturbing {
  const { images, labels, classifier, indices } = input
  const size = images.size / indices.length
  const result = images.dataSync<'float32'>().slice()
  const classes = classesOf(labels)
  const guesses = predictionsOf(logitsOf(classifier, images), labels.shape[1])
  const lengths = new Float64Array(classes.length).fill(Number.POSITIVE_INFINITY)
  let trying = Int32Array.from(classes.keys()).filter((row) => guesses[row] === classes[row])
  for (let run = 0; run < runs && trying.length > 0; run++) {
    const rows = trying
    const subset = takeRows(input, rows)
    const broken = (row: number, image: Float32Array, length = 0): void => {
      const place = rows[row] ?? 0
      if (!(length < (lengths[place] ?? 0))) return
      result.set(image, place * size)
      lengths[place] = length
    }
    try {
      const shares = attempt({ ...subset, classes: Int32Array.from(rows, (row) => classes[row] ?? 0), run, broken })
      for (const share of shares) yield (run + share) / runs
    } finally {
      tf.dispose([subset.images, subset.labels])
    }
    trying = next(rows, (row) => Number.isFinite(lengths[row]))
  }
  return tf.tensor4d(result, images.shape)
}

/** The input for some of its rows; its tensors are new. */
const takeRows = (input: AttackInput, rows: Int32Array): AttackInput => ({
  ...input,
  images: gathered(input.images, rows),
  labels: gathered(input.labels, rows),
  indices: Uint32Array.from(rows, (row) => input.indices[row] ?? 0),
})
