import { rejectOption } from '../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { blockSize } from './batches.js'

/** Which part of the test examples. */
export const shardOptions = declareOptions('shard', {
  /** Which part, from 0. */
  index: whole(0),
  /** How many parts there are. */
  of: whole(1),
})

/** A part of the test examples: `index`, from 0, of `of` parts. */
export interface Shard extends OptionsOf<typeof shardOptions> {}

/**
 * The test examples of a shard, ascending: whole blocks, as equally many as can be. Shard 0 of 1 is all of them.
 *
 * @param examples the first so many of the test set
 * @throws OptionError for more shards than there are blocks
 */
export const indicesOf = (stage: string, examples: number, batchSize: number, { index, of }: Shard): Uint32Array => {
  const size = blockSize(batchSize)
  const blocks = Math.ceil(examples / size)
  if (of > blocks) rejectOption(stage, `at most ${blocks} shards: they are made of blocks of ${size} examples`, of)
  const start = (part: number): number => Math.min(examples, Math.floor((part * blocks) / of) * size)
  const first = start(index)
  return Uint32Array.from({ length: start(index + 1) - first }, (_, i) => first + i)
}

/**
 * Refuses a part that does not exist, as far as that is known before the test set is there.
 *
 * @param examples undefined for as many as the test set has
 * @throws OptionError
 */
export const checkShard = (stage: string, examples: number | undefined, batchSize: number, shard: Shard): void => {
  const { index, of } = shard
  if (index >= of) rejectOption(stage, `shard.index < ${of}`, index)
  if (examples !== undefined) indicesOf(stage, examples, batchSize, shard)
}
