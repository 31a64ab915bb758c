import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type Attack, attackOption } from '../../attacks/common/attack.js'
import { runAttack } from '../../attacks/run.js'
import type { Option } from '../../dsl/options/option.js'
import type { Step } from '../../dsl/step.js'
import type { HasStudent } from '../network/network.js'
import { inEpoch, type PerEpoch, perEpochConfig, perEpochOption, readPerEpoch } from './perEpoch.js'
import { withSecondView } from './secondView.js'

/** One attack for all epochs, or the attack of each epoch, from 0: a radius that grows slowly, for a hard one. */
export type AttackSchedule = PerEpoch<Attack>

/** An option: an attack for all epochs, or a function from an epoch to its attack. */
export const attackScheduleOption = (): Option<AttackSchedule> => perEpochOption(attackOption())

/** Checks a stage's first argument. @throws OptionError for what is not an attack; see `readPerEpoch` */
export const readAttack = (stage: string, schedule: unknown): AttackSchedule =>
  readPerEpoch(stage, 'attack', attackOption(), schedule)

/** The attack, or the attacks by epoch, as the plan states them. @throws OptionError of the first epoch's attack */
export const attackConfig = (schedule: AttackSchedule): Readonly<Record<string, unknown>> =>
  perEpochConfig(schedule, ({ name, config }) => ({ attack: name, ...config }))

/**
 * The step's images, attacked on the student as it is at this step: n × height × width × channels, the caller's. Batch
 * normalisation goes by running statistics meanwhile, as in TRADES' and MART's own code (`model.eval()`): the attack
 * sees the network that will be attacked, and leaves the statistics alone.
 */
export const attackedImages = ({ minibatch, run, student }: Step & HasStudent, schedule: AttackSchedule): Tensor4D =>
  runAttack(inEpoch(schedule, minibatch.epoch), {
    classifier: (images) => student.logits(images),
    images: minibatch.images,
    labels: minibatch.labels,
    indices: minibatch.indices,
    // Another start in every epoch, the same in every rerun.
    seed: (run.seed + 0x9e3779b9 * (minibatch.epoch + 1)) >>> 0,
  })

/** The same step with its natural images and, as a second view of each, the attacked ones. */
export const withAttackedView = <S extends Step & HasStudent>(step: S, schedule: AttackSchedule): S =>
  withSecondView(step, attackedImages(step, schedule))
