import { tf } from '../engine/tf.js'
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
  /** Takes down the adversarial image of a row, height × width × channels; the first one stays. */
  readonly broken: (row: number, image: Float32Array) => void
}

/**
 * Tries one run after the other, each on the examples that no earlier one has broken, from the original images.
 * An example that is misclassified as it is comes back unchanged, and so does one that withstands all runs.
 */
export function* onStanding(
  input: AttackInput,
  runs: number,
  attempt: (attempt: Attempt) => Generator<number, unknown, undefined>,
): Perturbing {
  const { images, labels, classifier, indices } = input
  const size = images.size / indices.length
  const result = images.dataSync<'float32'>().slice()
  const classes = classesOf(labels)
  const guesses = predictionsOf(logitsOf(classifier, images), labels.shape[1])
  let standing = Int32Array.from(classes.keys()).filter((row) => guesses[row] === classes[row])
  for (let run = 0; run < runs && standing.length > 0; run++) {
    const rows = standing
    const found = new Set<number>()
    const subset = takeRows(input, rows)
    const broken = (row: number, image: Float32Array): void => {
      const place = rows[row] ?? 0
      if (!found.has(place)) result.set(image, place * size)
      found.add(place)
    }
    try {
      const trying = attempt({ ...subset, classes: Int32Array.from(rows, (row) => classes[row] ?? 0), run, broken })
      for (const share of trying) yield (run + share) / runs
    } finally {
      tf.dispose([subset.images, subset.labels])
    }
    standing = rows.filter((row) => !found.has(row))
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
