import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { defer, map } from 'rxjs'
import { type Op, stage } from '../../dsl/op.js'
import type { Phase } from '../../dsl/phases.js'
import { enrich } from '../../dsl/stages/enrich.js'
import type { HasTerms, Latent, LossTerm, Step } from '../../dsl/step.js'
import { fillNormal, stream } from '../../math/random.js'
import { type Head, withHead } from '../../models/head/withHead.js'
import { parameterCount, parametersOf } from '../../models/parameters/parameters.js'
import { transferValues } from '../../models/parameters/transferValues.js'
import type { HasStudent } from '../network/network.js'
import { randomWeights } from '../network/randomWeights.js'

/** A stochastic head, and the loss of its outputs for a minibatch. */
export interface Bottleneck {
  /** Its options, as the plan states them. */
  readonly config: Readonly<Record<string, unknown>>
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
  return stage({ stage: name, config, needs: ['student'], adds: ['terms'] }, (source) =>
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

/**
 * Gives the student a stochastic head, see `withHead`. The head and the last layer, which reads another code than before,
 * start from random weights of the run's seed; all other layers keep their parameters and masks. A student that already has
 * the head, in a resumed run or from a file, is not changed.
 *
 * @throws OptionError for a network that does not end in a linear layer, or has another head
 */
export const addHead = ({ run, student }: Step & HasStudent, head: Head): void => {
  const { architecture, mask } = student
  const wanted = withHead(architecture, head)
  if (wanted === architecture) return
  const last = wanted.nodes.at(-1)?.id
  const begun = (values: Float32Array, fresh: Float32Array): Float32Array => {
    const all = transferValues(architecture, values, wanted, fresh.slice())
    for (const { node, offset, size } of parametersOf(wanted))
      if (node === last) all.set(fresh.subarray(offset, offset + size), offset)
    return all
  }
  student.become({
    architecture: wanted,
    weights: begun(student.weights.dataSync<'float32'>(), randomWeights(wanted, run.seed, head.name)),
    statistics: Float32Array.from(student.statistics.dataSync()),
    mask: mask && begun(mask, new Float32Array(parameterCount(wanted)).fill(1)),
  })
}
