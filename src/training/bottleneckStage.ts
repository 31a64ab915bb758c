import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { defer, map } from 'rxjs'
import { enrich } from '../dsl/enrich.js'
import { type Op, stage } from '../dsl/op.js'
import type { Phase } from '../dsl/phases.js'
import type { HasTerms, Latent, LossTerm, Step } from '../dsl/step.js'
import { fillNormal, stream } from '../math/random.js'
import type { Head } from '../models/withHead.js'
import { addHead } from './addHead.js'
import type { HasStudent } from './network.js'

/** A stochastic head, and the loss of what it has of a minibatch. */
export interface Bottleneck {
  readonly config: Readonly<Record<string, number>>
  readonly phases: readonly Phase[]
  readonly head: Head
  readonly loss: (latent: Latent<Tensor2D>) => Scalar
}

/**
 * A stage that gives the student a stochastic head and adds a loss of it as a term of the head's name. Where the term
 * acts, the noise is drawn from (seed, epoch, position in the epoch), so that a resumed run draws the same.
 */
export const bottleneckStage = ({ config, phases, head, loss }: Bottleneck): Op<HasStudent, HasTerms> => {
  const { name } = head
  const termOf = ({ run, minibatch: { epoch, batch } }: Step): LossTerm => ({
    name,
    phases,
    noise: (count) => {
      const drawn = new Float32Array(count)
      fillNormal(drawn, stream(run.seed, name, epoch, batch))
      return drawn
    },
    bind:
      () =>
      ({ latent = {} }) =>
        loss(latent),
  })
  return stage({ stage: name, config: { ...config, phases }, needs: ['student'], adds: ['terms'] }, (source) =>
    defer(() => {
      let ready = false
      return source.pipe(
        map((step) => {
          if (!ready) addHead(step, head)
          ready = true
          return enrich(name, step, { terms: [termOf(step)] })
        }),
      )
    }),
  )
}
