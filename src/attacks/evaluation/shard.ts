import { rejectOption } from '../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { blockSize } from './batches.js'

/** The declared options of {@link Shard}. */
export const shardOptions = declareOptions('shard', {
  /** Which part, from 0 and less than `of`. */
  index: whole(0),
  /** Number of parts, ≥ 1. */
  of: whole(1),
})

/** A part of the test examples: `index`, from 0, of `of` parts. */
export interface Shard extends OptionsOf<typeof shardOptions> {}

/**
 * The indices of the test examples of a shard, ascending. Shards consist of whole blocks, and their sizes differ by at
 * most one block. Shard 0 of 1 has all examples.
 *
 * @param examples how many examples of the test set are evaluated, from the first on
 * @throws OptionError for more shards than there are blocks
 */
export const indicesOf = (stage: string, examples: number, batchSize: number, { index, of }: Shard): Uint32Array => {
  const size = blockSize(batchSize)
  const blocks = Math.ceil(examples / size)
  if (of > blocks)
    rejectOption(stage, `at most ${blocks} shards, because a shard consists of blocks of ${size} examples`, of)
  const start = (part: number): number => Math.min(examples, Math.floor((part * blocks) / of) * size)
  const first = start(index)
  return Uint32Array.from({ length: start(index + 1) - first }, (_, i) => first + i)
}

/**
 * Refuses a shard that does not exist, as far as this is known before the test set is read.
 *
 * @param examples undefined if all examples of the test set are evaluated
 * @throws OptionError for an index that is not less than the number of shards, or more shards than blocks
 */
export const checkShard = (stage: string, examples: number | undefined, batchSize: number, shard: Shard): void => {
  const { index, of } = shard
  if (index >= of) rejectOption(stage, `shard.index < ${of}`, index)
  if (examples !== undefined) indicesOf(stage, examples, batchSize, shard)
}
