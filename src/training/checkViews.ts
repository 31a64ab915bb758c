import { PwoaFailure } from '../dsl/errors.js'
import type { TermBatch } from '../dsl/step.js'

/** Refuses a minibatch that is no longer natural images and attacked ones. @throws RunError */
export const checkViews = (stage: string, { views }: TermBatch): void => {
  if (views === 2) return
  throw new PwoaFailure({
    _tag: 'RunError',
    stage,
    expected: 'natural images and their attacked views in the minibatch',
    actual: `${views === 1 ? 'one view' : `${views} views`} of each image`,
    hint: 'Let no later stage join other images to the minibatch.',
  })
}
