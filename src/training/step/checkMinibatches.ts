import type { Step } from '../../dsl/step.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { checkMoments } from '../../models/parameters/momentCount.js'

/**
 * Refuses a minibatch that batch normalisation can't be trained on, and from the first step on also the last one of the
 * epoch, which may be smaller: an error after hours would be one too late.
 *
 * @throws RunError for a single value per channel; see `checkMoments`
 */
export const checkMinibatches = (stage: string, { run, minibatch }: Step, architecture: Architecture): void => {
  const { size, views, indices, batch, batches } = minibatch
  checkMoments(stage, architecture, size / views, 'a minibatch of 1 image')
  if (batch + 1 === batches) return
  // Stages may have joined variants of each image to the minibatch: their number is the same in the last one.
  const natural = new Set(indices).size
  const left = run.data.train.count - (batches - 1) * natural
  checkMoments(stage, architecture, (left * size) / natural / views, "the epoch's last minibatch, of 1 image")
}
