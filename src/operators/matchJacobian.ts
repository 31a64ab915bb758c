// Beyond the paper, still without adversarial examples: the student's slopes follow the teacher's (docs/decisions/0017).
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core'
import { map } from 'rxjs'
import { checkOptions } from '../dsl/checkOptions.js'
import { checkEpsilon, checkPositive, checkWhole } from '../dsl/checks.js'
import { enrich } from '../dsl/enrich.js'
import { PwoaFailure } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import { allPhases } from '../dsl/phases.js'
import type { HasTerms, LossTerm, Step } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { slopeLoss } from '../math/jacobian.js'
import { fillSigns, stream } from '../math/random.js'
import { givenLayers } from '../models/head.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import { disagreement } from '../training/views/disagreement.js'
import { withSecondView } from '../training/views/secondView.js'
import { sharedLogits } from '../training/views/sharedLogits.js'

/** Options of {@link matchJacobian}. */
export interface MatchJacobianOptions {
  /** Radius of the L∞ ball that the student is to be robust in, in (0, 1]. */
  readonly epsilon: number
  /** Weight λ > 0. @default 0.01 */
  readonly weight?: number
  /** The term acts in every k-th minibatch, k ≥ 1: a step in which it acts takes about three times as long. @default 4 */
  readonly every?: number
}

/** h, as a part of the range of a pixel: small beside any ε, and large beside the rounding of float32. */
const STEP = 0.01

/**
 * Adds the term `jacobian`, the squared L1 norm of the difference between two gradients by the image, times ε: to first
 * order, the most by which student and teacher can disagree anywhere in the ball.
 *
 *     L = λ · mean_i (ε·‖∇_x v_i·(student(x_i) − teacher(x_i))‖₁)²,   v_i random signs, one a class
 *
 * The norm is the slope in the direction d of the gradient's signs, taken by a difference of both networks between x and
 * x + h·d, h = 0.01. So the minibatch becomes [x; x + h·d], two views, and what stands behind sees both. No loss is
 * attacked and no label is looked at: the images move by 0.01, wherever the two networks differ. Put it behind `perturb`,
 * so that slopes agree all over the ball. Drawn from (seed, epoch, position in the epoch). Batch normalisation gives d by
 * its running statistics, and the student's slope by each view's own ones.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   perturb(blockNoise({ epsilon: 0.3 })),
 *   matchJacobian({ epsilon: 0.3 }),
 *   distill({ temperature: 10 }))
 * @throws OptionError for an ε outside (0, 1], λ ≤ 0 or k < 1; in the run, RunError where a stage behind it changes the
 * images, or for a stochastic head
 * Source: matched Jacobians: Srinivas & Fleuret, "Knowledge Transfer with Jacobian Matching", ICML 2018, who match
 * those of the largest logit in L2; the norm that is dual to L∞ and the random combinations are ours.
 */
export const matchJacobian = (options: MatchJacobianOptions): Op<HasTeacher & HasStudent, HasTerms> => {
  const {
    epsilon,
    weight = 0.01,
    every = 4,
  } = checkOptions(STAGE, options, { epsilon: true, weight: true, every: true })
  checkEpsilon(STAGE, epsilon)
  checkPositive(STAGE, 'weight', weight)
  checkWhole(STAGE, 'every', every, 1)
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
        if (given.images !== both.minibatch.images) refuse('other images than it has made, by a stage behind it')
        if (givenLayers(student.architecture).length > 0) refuse('a stochastic head, which answers each view by chance')
        return ({ logits }) => tf.mul(slopeLoss(logits, slopes), weight) as Scalar
      },
    }
    return enrich(STAGE, both, { terms: [term] })
  }
  return stage(
    { stage: STAGE, config: { epsilon, weight, every }, needs: ['teacher', 'student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => apply(step))),
  )
}

const STAGE = 'matchJacobian'

/** The term in minibatches that it doesn't act in: zero, but a function of the weights. */
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
    expected: 'its own two views of each image and a network that answers both alike',
    actual,
    hint: 'Let stages that change or attack images stand before it, and leave trades, mart, lbgat, vib and ceb out.',
  })
}
