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

type TestData = Pick<Dataset, 'test' | 'trial'>

/**
 * How many examples an evaluation is about, and those of its shard. In a trial they are all the same few.
 *
 * @throws OptionError for more examples than the test set has, and for more shards than there are blocks
 */
export const testExamples = (
  stage: string,
  data: TestData,
  choice: ExampleChoice,
): { readonly count: number; readonly indices: Uint32Array } => {
  const { asked, indices } = chosen(stage, data, choice)
  if (!data.trial) return { count: asked, indices }
  const count = Math.min(asked, data.test.count)
  return { count, indices: indicesOf(stage, count, choice.batchSize, whole) }
}

/** How many examples a run would attack: those of the shard. @throws OptionError as {@link testExamples} does */
export const examplesAsked = (stage: string, data: TestData, choice: ExampleChoice): number =>
  chosen(stage, data, choice).indices.length

const chosen = (stage: string, { test, trial }: TestData, { examples, shard = whole, batchSize }: ExampleChoice) => {
  const available = trial?.available ?? test.count
  const asked = examples ?? available
  if (asked > available) rejectOption(stage, `at most ${available} examples, as many as the test set has`, asked)
  return { asked, indices: indicesOf(stage, asked, batchSize, shard) }
}
