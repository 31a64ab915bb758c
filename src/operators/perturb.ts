// Random perturbations of natural images: no attack, no gradient, and distilled robustness stays (docs/decisions).
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { checkOptions } from '../dsl/checkOptions.js'
import { rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { Step } from '../dsl/step.js'
import { withMinibatch } from '../dsl/withMinibatch.js'
import { tf } from '../engine/tf.js'
import type { Perturbation } from '../math/perturbations.js'
import { stream } from '../math/random.js'
import { inEpoch, type PerEpoch, perEpochConfig } from '../training/views/perEpoch.js'

/** One perturbation for all epochs, or that of each epoch, from 0: noise that grows, for one. */
export type PerturbationSchedule = PerEpoch<Perturbation>

/** Options of {@link perturb}. */
export interface PerturbOptions {
  /** Share of each minibatch that is perturbed, in (0, 1]; the minibatch is shuffled, so its first ones. @default 1 */
  readonly share?: number
}

/**
 * Adds noise ν to the images of each minibatch: x' = min(1, max(0, x + ν)). The teacher, the student and HSIC then see
 * the perturbed images. Drawn from (seed, epoch, position in the epoch), so that a resumed run draws the same. Epochs
 * are passes over the training set, whatever phase they are in; the plan tells how a schedule changes in its first 200
 * epochs.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(perturb(blockNoise({ epsilon: 0.3 })))
 * @throws OptionError for a share outside (0, 1]
 * Source: ours; docs/decisions/0007-perturbed-by-default.md says why.
 */
export const perturb = (schedule: PerturbationSchedule, options: PerturbOptions = {}): Op<unknown, unknown> => {
  const { share = 1 } = checkOptions('perturb', options, { share: true })
  if (!(share > 0 && share <= 1)) rejectOption('perturb', 'share in (0, 1]', share)
  const apply = <S extends Step>(step: S): S => {
    const { minibatch, run } = step
    const [examples, height, width, channels] = minibatch.images.shape
    const perturbation = inEpoch(schedule, minibatch.epoch)
    const chosen = Math.max(1, Math.round(share * examples))
    const random = stream(run.seed, 'perturb', perturbation.name, minibatch.epoch, minibatch.batch)
    const drawn = perturbation.draw({ examples: chosen, height, width, channels }, random)
    const noise = chosen === examples ? drawn : padded(drawn, minibatch.images.size)
    const images = tf.tidy(
      () => tf.clipByValue(tf.add(minibatch.images, tf.tensor4d(noise, minibatch.images.shape)), 0, 1) as Tensor4D,
    )
    return withMinibatch(step, minibatch.withImages(images))
  }
  const noise = perEpochConfig(schedule, ({ name, config }) => ({ noise: name, ...config }))
  return stage({ stage: 'perturb', config: { ...noise, share }, needs: [], adds: [] }, (source) =>
    source.pipe(map((step) => apply(step))),
  )
}

/** The noise of the chosen examples, and none for those after them. */
const padded = (noise: Float32Array, size: number): Float32Array => {
  const all = new Float32Array(size)
  all.set(noise)
  return all
}
