// Random noise on natural images: no attack, no gradient, and distilled robustness stays (docs/decisions/0007).
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { rejectOption } from '../dsl/errors.js'
import { drawn } from '../dsl/kit/drawn.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { share as shareOption } from '../dsl/options/kinds.js'
import type { Step } from '../dsl/step.js'
import { withMinibatch } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { noiseOption, type Perturbation } from '../math/perturbations.js'
import { stream } from '../math/random.js'
import { inEpoch, type PerEpoch, perEpochConfig, readPerEpoch } from '../training/views/perEpoch.js'

/** One perturbation for all epochs, or a function from an epoch, from 0, to its perturbation, such as growing noise. */
export type PerturbationSchedule = PerEpoch<Perturbation>

const STAGE = 'perturb'

/** What {@link perturb} takes. */
export const perturbOptions = declareOptions(STAGE, {
  /** Share of each minibatch that is perturbed, in (0, 1]: its first images, in shuffled order. @default 1 */
  share: shareOption().default(1),
})

/** Options of {@link perturb}. */
export interface PerturbOptions extends OptionsOf<typeof perturbOptions> {}

/**
 * Adds noise ν to the images of each minibatch: x' = min(1, max(0, x + ν)). The teacher, the student and HSIC then see
 * the perturbed images. The noise is drawn from (seed, epoch, position in the epoch), so a resumed run draws the same.
 * Epochs are passes over the training set, counted through all phases. The plan states how a schedule changes in its
 * first 200 epochs.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(perturb(blockNoise({ epsilon: 0.3 })))
 * @param noise noise, or a function from an epoch to its noise
 * @throws OptionError for a share outside (0, 1], and what the noise of the first epoch throws; when the run starts, for
 * noise that does not draw a number for each value of an image
 * Source: ours; docs/decisions/0007-perturbed-by-default.md says why.
 */
export const perturb = (noise: PerturbationSchedule, options: PerturbOptions = {}): Op<unknown, unknown> => {
  const schedule = readPerEpoch(STAGE, 'noise', noiseOption(), noise)
  const read = perturbOptions.read(options)
  const apply = <S extends Step>(step: S): S => {
    const { minibatch, run } = step
    const [examples, height, width, channels] = minibatch.images.shape
    const perturbation = inEpoch(schedule, minibatch.epoch)
    const chosen = Math.max(1, Math.round(read.share * examples))
    const random = stream(run.seed, STAGE, perturbation.name, minibatch.epoch, minibatch.batch)
    const wanted = { examples: chosen, height, width, channels }
    const noise = checked(perturbation, perturbation.draw(wanted, random), chosen * height * width * channels)
    const added = chosen === examples ? noise : padded(noise, minibatch.images.size)
    const images = tf.tidy(
      () => tf.clipByValue(tf.add(minibatch.images, tf.tensor4d(added, minibatch.images.shape)), 0, 1) as Tensor4D,
    )
    return withMinibatch(step, minibatch.withImages(images))
  }
  const config = {
    ...perEpochConfig(schedule, ({ name, config: options }) => ({ noise: name, ...options })),
    ...perturbOptions.config(read),
  }
  return stage({ stage: STAGE, config, needs: [], adds: [] }, (source) => source.pipe(map((step) => apply(step))))
}

/** The numbers of a perturbation, which may be the user's own. */
const checked = ({ name }: Perturbation, noise: unknown, count: number): Float32Array =>
  noise instanceof Float32Array && noise.length === count
    ? noise
    : rejectOption(
        STAGE,
        `${name} to draw a Float32Array of ${count} numbers`,
        noise instanceof Float32Array ? `${noise.length} numbers` : drawn(noise),
      )

/** The noise of the chosen examples, and none for those after them. */
const padded = (noise: Float32Array, size: number): Float32Array => {
  const all = new Float32Array(size)
  all.set(noise)
  return all
}
