import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { PwoaFailure } from '../../dsl/errors.js'
import { type Op, stage } from '../../dsl/op.js'
import { allPhases } from '../../dsl/phases.js'
import { enrich } from '../../dsl/stages/enrich.js'
import type { HasTerms, LossTerm, TermBatch } from '../../dsl/step.js'
import type { HasStudent } from '../network/network.js'
import { type AttackSchedule, attackConfig, readAttack, withAttackedView } from './attackStep.js'

/** A loss of the logits of natural images, followed by those of the attacked images. */
export interface PairLoss {
  /** Its options, as the plan states them. */
  readonly config: Readonly<Record<string, unknown>>
  /** @param logits 2n × classes  @param labels n × classes, one-hot */
  readonly loss: (logits: Tensor2D, labels: Tensor2D) => Scalar
}

/** A stage that attacks the student on each minibatch and adds a loss of both views as a term of its own name. */
export const attackedPair = (
  name: string,
  attack: AttackSchedule,
  { config, loss }: PairLoss,
): Op<HasStudent, HasTerms> => {
  const schedule = readAttack(name, attack)
  const term: LossTerm = {
    name,
    phases: allPhases,
    bind: (batch) => {
      checkViews(name, batch)
      return ({ logits }) => loss(logits, batch.labels)
    },
  }
  return stage(
    { stage: name, config: { ...attackConfig(schedule), ...config }, needs: ['student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => enrich(name, withAttackedView(name, step, schedule), { terms: [term] }))),
  )
}

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
