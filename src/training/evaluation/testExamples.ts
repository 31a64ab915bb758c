import { indicesOf, type Shard } from '../../attacks/evaluation/shard.js'
import type { Dataset } from '../../dsl/dataset.js'
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
 * How many examples an evaluation is about, and those of its shard. In a trial they are all the same few.
 *
 * @throws OptionError for more examples than the test set has, and for more shards than there are blocks
 */
export const testExamples = (
  stage: string,
  { test, trial }: Pick<Dataset, 'test' | 'trial'>,
  { examples, shard = whole, batchSize }: ExampleChoice,
): { readonly count: number; readonly indices: Uint32Array } => {
  const available = trial?.available ?? test.count
  const asked = examples ?? available
  if (asked > available) rejectOption(stage, `at most ${available} examples, as many as the test set has`, asked)
  const indices = indicesOf(stage, asked, batchSize, shard)
  if (!trial) return { count: asked, indices }
  const count = Math.min(asked, test.count)
  return { count, indices: indicesOf(stage, count, batchSize, whole) }
}
