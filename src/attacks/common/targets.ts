import { classesByLogit } from './losses.js'

/** The class with the rank-th largest logit of each row, n. @param logits n × classes @param rows n @param rank from 0 */
export const targetsOf = (logits: Float32Array, rows: number, rank: number): Int32Array => {
  const classes = logits.length / rows
  return Int32Array.from(
    { length: rows },
    (_, row) => classesByLogit(logits.subarray(row * classes, (row + 1) * classes))[rank] ?? 0,
  )
}

/** A warning if the data has fewer target classes than the attack asks for. @param classes of the data */
export const missingTargets = (attack: string, targets: number, classes: number): readonly string[] =>
  targets > classes - 1
    ? [`${attack}: target classes: ${classes - 1} instead of ${targets}, because the data has only ${classes} classes`]
    : []
