import { ranked } from './losses.js'

/** The class with the rank-th largest logit of each row, from 0. @param logits n × classes @param rows n */
export const targetsOf = (logits: Float32Array, rows: number, rank: number): Int32Array => {
  const classes = logits.length / rows
  return Int32Array.from(
    { length: rows },
    (_, row) => ranked(logits.subarray(row * classes, (row + 1) * classes))[rank] ?? 0,
  )
}

/** What to say where an attack asks for more target classes than there are. */
export const fewerTargets = (attack: string, targets: number, classes: number): readonly string[] =>
  targets > classes - 1 ? [`${attack}: ${classes - 1} of ${targets} target classes, there are no more`] : []
