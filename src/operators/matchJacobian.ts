// Beyond the paper, still without adversarial examples: the student's input gradients follow the teacher's
// (docs/decisions/0017).
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { PwoaFailure } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { epsilon as epsilonOption, positive, whole } from '../dsl/options/kinds.js'
import { allPhases } from '../dsl/phases.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasTerms, LossTerm, Step } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { slopeLoss } from '../math/jacobian.js'
import { fillSigns, stream } from '../math/random.js'
import { givenLayers } from '../models/head/head.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import { disagreement } from '../training/views/disagreement.js'
import { withSecondView } from '../training/views/secondView.js'
import { sharedLogits } from '../training/views/sharedLogits.js'

const STAGE = 'matchJacobian'

/** What {@link matchJacobian} takes. */
export const matchJacobianOptions = declareOptions(STAGE, {
  /** Radius of the L∞ ball in which the student should be robust, in (0, 1]. */
  epsilon: epsilonOption(),
  /** Weight λ > 0. @default 0.01 */
  weight: positive().default(0.01),
  /** The term acts in every k-th minibatch, k ≥ 1. A step in which it acts takes about three times as long. @default 4 */
  every: whole(1, { unit: 'minibatches' }).default(4),
})

/** Options of {@link matchJacobian}. */
export interface MatchJacobianOptions extends OptionsOf<typeof matchJacobianOptions> {}

/** h, as a fraction of a pixel's range: small compared with any ε, large compared with float32 rounding. */
const STEP = 0.01

/**
 * Adds the term `jacobian`, the squared L1 norm of the difference between two gradients by the image, times ε: to first
 * order, the most by which student and teacher can disagree anywhere in the ball.
 *
 *     L = λ · mean_i (ε·‖∇_x v_i·(student(x_i) − teacher(x_i))‖₁)²,   v_i random signs, one per class
 *
 * The norm is the derivative in the direction d of the gradient's signs, taken as a difference of both networks between x
 * and x + h·d, h = 0.01. The minibatch becomes [x; x + h·d], two views, and later stages see both. No loss is attacked
 * and no label is read: the images move by 0.01 where the two networks differ. Put it after `perturb`, so that gradients
 * agree in the whole ball. The signs are drawn from (seed, epoch, position in the epoch). Batch normalisation uses its
 * running statistics for d, and each view's own statistics for the student's derivative.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   perturb(blockNoise({ epsilon: 0.3 })),
 *   matchJacobian({ epsilon: 0.3 }),
 *   distill({ temperature: 10 }))
 * @throws OptionError for an ε outside (0, 1], λ ≤ 0 or k < 1; in the run, RunError if a later stage changes the
 * images, or for a stochastic head
 * Source: matched Jacobians: Srinivas & Fleuret, "Knowledge Transfer with Jacobian Matching", ICML 2018, who match
 * the gradients of the largest logit in L2; the norm that is dual to L∞ and the random combinations are ours.
 */
export const matchJacobian = (options: MatchJacobianOptions): Op<HasTeacher & HasStudent, HasTerms> => {
  const read = matchJacobianOptions.read(options)
  const { epsilon, weight, every } = read
  const apply = <S extends Step & HasTeacher & HasStudent>(step: S): S & HasTerms => {
    const { minibatch, run, student, teacher } = step
    const { images, labels, epoch, batch, batches } = minibatch
    if ((epoch * batches + batch) % every !== 0) return enrich(STAGE, step, { terms: [idle] })
    const combination = new Float32Array(labels.size)
    fillSigns(combination, stream(run.seed, STAGE, epoch, batch))
    const direction = disagreement(student, teacher, images, combination)
    const moved = tf.tidy(() => tf.add(images, tf.mul(direction, STEP)) as Tensor4D)
    direction.dispose()
    const both = withSecondView(step, moved)
    const wanted = sharedLogits(teacher, both.minibatch.images)
    const slopes = { combination, wanted, step: STEP, scale: epsilon }
    const term: LossTerm = {
      name: 'jacobian',
      phases: allPhases,
      bind: (given) => {
        if (given.images !== both.minibatch.images) refuse('other images than it made, by a later stage')
        if (givenLayers(student.architecture).length > 0)
          refuse('a stochastic head, whose logits of each view are random')
        return ({ logits }) => tf.mul(slopeLoss(logits, slopes), weight) as Scalar
      },
    }
    return enrich(STAGE, both, { terms: [term] })
  }
  return stage(
    { stage: STAGE, config: matchJacobianOptions.config(read), needs: ['teacher', 'student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => apply(step))),
  )
}

/** The term in minibatches in which it does not act: zero, but a function of the weights. */
const idle: LossTerm = {
  name: 'jacobian',
  phases: allPhases,
  bind:
    () =>
    ({ logits }) =>
      tf.mul(tf.sum(logits), 0) as Scalar,
}

const refuse = (actual: string): never => {
  throw new PwoaFailure({
    _tag: 'RunError',
    stage: STAGE,
    expected: 'its own two views of each image, and the same network for both',
    actual,
    hint: 'Put stages that change or attack images before it, and leave trades, mart, lbgat, vib and ceb out.',
  })
}
