import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type Attack, attackOption } from '../../attacks/common/attack.js'
import { gradientCount } from '../../attacks/common/gradientWatch.js'
import { attackFor } from '../../attacks/common/shortened.js'
import { runAttack } from '../../attacks/run.js'
import { percent } from '../../dsl/kit/percent.js'
import type { Option } from '../../dsl/options/option.js'
import type { Step } from '../../dsl/step.js'
import type { HasStudent } from '../network/network.js'
import { inEpoch, type PerEpoch, perEpochConfig, perEpochOption, readPerEpoch } from './perEpoch.js'
import { withSecondView } from './secondView.js'

/** One attack for all epochs, or the attack of each epoch, from 0: a radius that grows slowly, for a hard one. */
export type AttackSchedule = PerEpoch<Attack>

/** An option: an attack for all epochs, or a function from an epoch to its attack. */
export const attackScheduleOption = (): Option<AttackSchedule> => perEpochOption(attackOption())

/** Checks a stage's first argument. @throws OptionError for anything but an attack; see `readPerEpoch` */
export const readAttack = (stage: string, schedule: unknown): AttackSchedule =>
  readPerEpoch(stage, 'attack', attackOption(), schedule)

/** The attack, or the attacks by epoch, as the plan states them. @throws OptionError of the first epoch's attack */
export const attackConfig = (schedule: AttackSchedule): Readonly<Record<string, unknown>> =>
  perEpochConfig(schedule, ({ name, config }) => ({ attack: name, ...config }))

/**
 * The step's images, attacked on the current student: n × height × width × channels, owned by the caller. Meanwhile batch
 * normalisation uses the running statistics, as in TRADES' and MART's own code (`model.eval()`): the attack sees the
 * network that will be attacked, and does not change the statistics.
 */
export const attackedImages = (
  stage: string,
  { minibatch, run, student }: Step & HasStudent,
  schedule: AttackSchedule,
): Tensor4D => {
  const attack = attackFor(run.data, inEpoch(schedule, minibatch.epoch))
  const gradients = gradientCount()
  const attacked = runAttack(attack, {
    classifier: (images) => student.logits(images),
    images: minibatch.images,
    labels: minibatch.labels,
    indices: minibatch.indices,
    // Another start in every epoch, the same in every rerun.
    seed: (run.seed + 0x9e3779b9 * (minibatch.epoch + 1)) >>> 0,
    // Only for each epoch's first minibatch: this takes no pass, but reads numbers back from the engine.
    onGradient: minibatch.batch === 0 ? gradients.watch : undefined,
  })
  const blind = minibatch.indices.filter(gradients.isBlind).length
  if (blind > BLIND_SHARE * minibatch.size) run.emit({ type: 'warning', stage, message: withoutGradient(attack.name) })
  return attacked
}

/** A larger share of an epoch's first minibatch without a gradient for the attack is a warning. */
const BLIND_SHARE = 0.1

/** The same words in each epoch, so that reports list it once. */
const withoutGradient = (attack: string): string =>
  `${attack}: its loss has no gradient (zero or not finite) on more than ${percent(BLIND_SHARE)} of the examples: ` +
  "training on its images is not adversarial there. If the softmax underflows, the cross-entropy attacks take underflow: 'rescale'"

/** The same step with its natural images and, as a second view of each, the attacked ones. */
export const withAttackedView = <S extends Step & HasStudent>(stage: string, step: S, schedule: AttackSchedule): S =>
  withSecondView(step, attackedImages(stage, step, schedule))
