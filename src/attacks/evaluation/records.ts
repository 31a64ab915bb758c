import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Journal } from '../../dsl/context.js'

/** An adversarial image that is kept to be shown: what it is taken for, and its float32 values in base64. */
const shown = t.type({ index: t.number, guess: t.number, image: t.string })

/** What one batch came to: enough to go on without doing it again. */
const batchRecord = t.type({
  /** Index and length of the perturbation of each example that was broken. */
  broken: t.array(t.tuple([t.number, t.number])),
  shown: t.array(shown),
  seconds: t.number,
})

const cleanRecord = t.type({
  labels: t.array(t.number),
  /** Indices of the examples that are misclassified as they are. */
  wrong: t.array(t.number),
  /** How many of the others leave float32 no cross-entropy gradient at the true class. */
  saturated: t.number,
})

export type Shown = t.TypeOf<typeof shown>
export type BatchRecord = t.TypeOf<typeof batchRecord>
export type CleanRecord = t.TypeOf<typeof cleanRecord>

const remembered =
  <A>(codec: t.Type<A>) =>
  ({ entries }: Journal, key: string): A | undefined => {
    const decoded = codec.decode(entries.get(key))
    return E.isRight(decoded) ? decoded.right : undefined
  }

/** A batch's record, where an earlier part of the run made it. */
export const rememberedBatch = remembered(batchRecord)

/** The same of a batch of clean images. */
export const rememberedClean = remembered(cleanRecord)
