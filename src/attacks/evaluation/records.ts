import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Journal } from '../../dsl/context.js'

/** An adversarial image that is kept for display: its predicted class (`guess`), and its float32 values in base64. */
const shown = t.type({ index: t.number, guess: t.number, image: t.string })

/** The result of an attack on one batch, as the journal keeps it: a resumed evaluation does not repeat it. */
const batchRecord = t.type({
  /** Index and length of the perturbation of each example that was broken. */
  broken: t.array(t.tuple([t.number, t.number])),
  shown: t.array(shown),
  /** How many of the other examples have no gradient that the attack could follow; see `gradientCount`. */
  withoutGradient: t.number,
  seconds: t.number,
})

/** The result of one batch of clean images, as the journal keeps it. */
const cleanRecord = t.type({
  labels: t.array(t.number),
  /** Indices of the examples that are misclassified without an attack. */
  wrong: t.array(t.number),
  /** How many of the others have a cross-entropy gradient at the true class of 0 in float32. */
  saturated: t.number,
})

/** An adversarial image that is kept for display. */
export type Shown = t.TypeOf<typeof shown>

/** The result of an attack on one batch. */
export type BatchRecord = t.TypeOf<typeof batchRecord>

/** The result of one batch of clean images. */
export type CleanRecord = t.TypeOf<typeof cleanRecord>

/** A record of the journal. An entry of another form counts as missing: its work is done again. */
const journaled =
  <A>(codec: t.Type<A>) =>
  ({ entries }: Journal, key: string): A | undefined => {
    const decoded = codec.decode(entries.get(key))
    return E.isRight(decoded) ? decoded.right : undefined
  }

/** The record of a batch, or undefined if the journal does not have it. */
export const journaledBatch = journaled(batchRecord)

/** The record of a batch of clean images, or undefined if the journal does not have it. */
export const journaledClean = journaled(cleanRecord)
