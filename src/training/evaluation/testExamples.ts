import { indicesOf, type Shard } from '../../attacks/evaluation/shard.js'
import { rejectOption } from '../../dsl/errors.js'

/** Which test examples are attacked. */
export interface ExampleChoice {
  /** The first so many; undefined for all. */
  readonly examples: number | undefined
  /** Which part of them; undefined for all. */
  readonly shard: Shard | undefined
  readonly batchSize: number
}

const whole: Shard = { index: 0, of: 1 }

/**
 * How many examples an evaluation is about, and those of its shard.
 *
 * @param available as many as the test set has
 * @throws OptionError for more than that, and for more shards than there are blocks
 */
export const testExamples = (
  stage: string,
  available: number,
  { examples = available, shard = whole, batchSize }: ExampleChoice,
): { readonly count: number; readonly indices: Uint32Array } => {
  if (examples > available) rejectOption(stage, `at most ${available} examples, as many as the test set has`, examples)
  return { count: examples, indices: indicesOf(stage, examples, batchSize, shard) }
}
