// What is proved of a network on the test set.
import type * as t from 'io-ts'
import { objectCodec, wordCodec } from './kit/codecOf.js'
import { amountCodec, countCodec, shareCodec } from './kit/figureCodecs.js'

const certificate = objectCodec({
  /** Of the network that the run started from, or at the end. */
  subject: wordCodec('"before" or "after"', ['before', 'after']),
  norm: wordCodec('"Linf" or "L2"', ['Linf', 'L2']),
  epsilon: amountCodec,
  /** Share of the examples that are classified correctly. */
  clean: shareCodec,
  /** Share of the examples of which no image within ε is classified otherwise, by the bounds. */
  certified: shareCodec,
  /** Mean share of the ReLUs whose sign is not the same for all images within ε, by the bounds. */
  unstable: shareCodec,
  examples: countCodec,
  seconds: amountCodec,
})

/** A lower bound of robust accuracy, beside the upper bounds that attacks give. */
export interface Certificate extends t.TypeOf<typeof certificate> {}

/** The codec of {@link Certificate}. */
export const Certificate: t.Type<Certificate> = certificate
