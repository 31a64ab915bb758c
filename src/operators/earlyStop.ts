// Ends robust training when robustness is lost, and returns to the best network that was seen.
import { defer, map, type Observable, takeWhile } from 'rxjs'
import { type Attack, attackOption } from '../attacks/common/attack.js'
import type { Split } from '../dsl/dataset.js'
import { rejectOption } from '../dsl/errors.js'
import { percent } from '../dsl/kit/percent.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf, readArgument } from '../dsl/options/declare.js'
import { share, whole } from '../dsl/options/kinds.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { validate } from '../training/evaluation/validate.js'
import type { HasStudent, Student } from '../training/network/network.js'

const STAGE = 'earlyStop'

/** What {@link earlyStop} takes. */
export const earlyStopOptions = declareOptions(STAGE, {
  /** Epochs without a better figure after which training ends, ≥ 1. @default never: only a collapse ends it */
  patience: whole(1, { unit: 'epochs' }).optional('never: only a collapse ends it'),
  /** A fall of robust accuracy from its best by more than this is a collapse, in (0, 1]. @default 0.15 */
  collapse: share().default(0.15),
})

/** Options of {@link earlyStop}. */
export interface EarlyStopOptions extends OptionsOf<typeof earlyStopOptions> {}

/**
 * After each epoch, attacks the student on the images that `heldOut` keeps out of training. At the end, the student is
 * the best network by that figure. Training ends early if robust accuracy collapses, as single-step adversarial training
 * is known for (catastrophic overfitting), or has not risen for `patience` epochs. Reports each figure as an evaluation
 * of the epoch.
 *
 * @example
 * pipeline('teacher', heldOut(mnist(), 1000)).pipe(
 *   initialise('mnistNet'), adversarial(pgd({ epsilon: 0.3, steps: 1, stepSize: 0.375 })), crossEntropy(),
 *   train({ epochs: 10 }), earlyStop(pgd({ epsilon: 0.3, steps: 20, stepSize: 0.03 })))
 * @throws OptionError for a patience < 1 or a collapse outside (0, 1]; when the run starts, for data without `heldOut`
 * or after a stage that prunes, because the best network so far may not be pruned yet
 * Source: Wong, Rice, Kolter, "Fast is better than free", ICLR 2020, sec. 5; Rice et al., ICML 2020.
 */
export const earlyStop = (attack: Attack, options: EarlyStopOptions = {}): Op<HasStudent & HasTraining, unknown> => {
  readArgument(STAGE, 'attack', attackOption(), attack)
  const { patience, collapse } = earlyStopOptions.read(options)
  const limits = { patience: patience ?? Number.POSITIVE_INFINITY, collapse }
  return stage(
    {
      stage: STAGE,
      config: { attack: attack.name, ...attack.config, patience: patience ?? 'none', collapse },
      needs: ['student', 'training'],
      adds: [],
    },
    <S extends Step & HasStudent & HasTraining>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let best: Best | undefined
        let begun = false
        let over = false
        const begin = ({ run }: S): void => {
          begun = true
          const saved = run.restore(STAGE)
          best = restored(saved?.arrays)
          over = saved?.values.over === true
          run.provide(STAGE, () => ({ arrays: best ? arraysOf(best) : {}, values: { over } }))
        }
        /** Whether training goes on. */
        const judge = (step: S): boolean => {
          if (!begun) begin(step)
          const { run, student, training } = step
          if (training.phase !== 'train')
            rejectOption(
              STAGE,
              'train before it: a stage that prunes needs all of its phases',
              `phase ${training.phase}`,
            )
          // A run that was stopped after its training had ended: the steps since then do not count.
          if (over && best) goBack(student, best)
          if (over) return false
          if (training.batch + 1 < training.batches) return true
          const accuracies = validate(student, attack, imagesFor(run.data.validation), run.data, run.seed)
          run.emit({ type: 'evaluation', subject: 'epoch', accuracies })
          // Rounded as the saved state rounds it, so a resumed run compares alike.
          const robust = Math.fround(accuracies.attacks[attack.name] ?? 0)
          if (best === undefined || robust > best.robust) best = remembered(student, robust, training.epoch)
          const fallen = best.robust - robust > limits.collapse
          if (fallen) {
            const message = `robust accuracy fell from ${percent(best.robust)} to ${percent(robust)}: training ended`
            run.emit({ type: 'warning', stage: STAGE, message })
          }
          over = fallen || training.epoch - best.epoch >= limits.patience || training.step === training.steps
          if (over) goBack(student, best)
          return !over
        }
        return source.pipe(
          map((step) => ({ step, goesOn: judge(step) })),
          takeWhile(({ goesOn }) => goesOn, true),
          map(({ step }) => step),
        )
      }),
  )
}

interface Best {
  readonly robust: number
  readonly epoch: number
  readonly weights: Float32Array
  readonly statistics: Float32Array
}

const remembered = ({ weights, statistics }: Student, robust: number, epoch: number): Best => ({
  robust,
  epoch,
  weights: weights.dataSync<'float32'>().slice(),
  statistics: statistics.dataSync<'float32'>().slice(),
})

const goBack = (student: Student, { weights, statistics }: Best): void => {
  student.replaceWeights(tf.tensor1d(weights))
  student.replaceStatistics(tf.tensor1d(statistics))
}

const arraysOf = ({ robust, epoch, weights, statistics }: Best) => ({
  figures: Float32Array.of(robust, epoch),
  weights,
  ...(statistics.length > 0 ? { statistics } : {}),
})

const restored = (arrays: Readonly<Record<string, Float32Array>> | undefined): Best | undefined => {
  const { figures, weights, statistics = new Float32Array(0) } = arrays ?? {}
  if (!figures || !weights) return undefined
  const [robust = 0, epoch = 0] = figures
  return { robust, epoch, weights, statistics }
}

const imagesFor = (validation: Split | undefined): Split =>
  validation ?? rejectOption(STAGE, 'images that training does not see: heldOut(…) around the data', 'none')
