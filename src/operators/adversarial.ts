// Attacked examples in the minibatch: how robust teachers are made, and what PwoA does without.
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import type { Attack } from '../attacks/attack.js'
import { runAttack } from '../attacks/run.js'
import { rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { Minibatch, Step } from '../dsl/step.js'
import { withMinibatch } from '../dsl/withMinibatch.js'
import { tf } from '../engine/tf.js'
import type { HasStudent } from '../training/network.js'

export interface AdversarialOptions {
  /** Whether the attacked examples replace the natural ones or join them. @default 'replace' */
  readonly mode?: 'replace' | 'join'
}

type Mode = NonNullable<AdversarialOptions['mode']>

const modes: Readonly<Record<Mode, (minibatch: Minibatch, attacked: Tensor4D) => Minibatch>> = {
  replace: (minibatch, attacked) => minibatch.withImages(attacked),
  join: (minibatch, attacked) => {
    const { images, labels } = minibatch
    const joined = tf.concat([images, attacked]) as Tensor4D
    attacked.dispose()
    return minibatch.withImages(joined, tf.concat([labels, labels]) as Tensor2D)
  },
}

/** One attack for all epochs, or the attack of each epoch, from 0: a radius that grows slowly, for a hard one. */
export type AttackSchedule = Attack | ((epoch: number) => Attack)

/**
 * Attacks the student, as it is at this step, on each minibatch; losses behind it see the attacked images. Batch
 * normalisation goes by running statistics while attacking, as in TRADES' and MART's own code (`model.eval()`): the
 * attack sees the network that will be attacked, and leaves the statistics alone.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'), adversarial(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075 })), crossEntropy(),
 *   train({ epochs: 10 }))
 * @throws OptionError for an unknown mode, and what the attack of the first epoch throws
 * Source: Madry et al., ICLR 2018.
 */
export const adversarial = (
  schedule: AttackSchedule,
  { mode = 'replace' }: AdversarialOptions = {},
): Op<HasStudent, unknown> => {
  if (!Object.hasOwn(modes, mode)) rejectOption('adversarial', `a mode among ${Object.keys(modes).join(', ')}`, mode)
  const attackOf = typeof schedule === 'function' ? schedule : () => schedule
  const { name, config } = attackOf(0)
  const apply = <S extends Step & HasStudent>(step: S): S => {
    const { minibatch, run, student } = step
    const attacked = runAttack(attackOf(minibatch.epoch), {
      classifier: (images) => student.logits(images),
      images: minibatch.images,
      labels: minibatch.labels,
      indices: minibatch.indices,
      // Another start in every epoch, the same in every rerun.
      seed: (run.seed + 0x9e3779b9 * (minibatch.epoch + 1)) >>> 0,
    })
    return withMinibatch(step, modes[mode](minibatch, attacked))
  }
  return stage(
    { stage: 'adversarial', config: { attack: name, ...config, mode }, needs: ['student'], adds: [] },
    (source) => source.pipe(map((step) => apply(step))),
  )
}
