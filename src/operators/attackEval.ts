// Clean and robust accuracy on the test set, before and after. Paper: Sec. IV.
import { concat, defer, EMPTY, finalize, from, ignoreElements, type Observable, of, takeWhile } from 'rxjs'
import type { Attack } from '../attacks/attack.js'
import { evaluate } from '../attacks/evaluate.js'
import { checkWhole } from '../dsl/checks.js'
import { rejectOption } from '../dsl/errors.js'
import type { Accuracies } from '../dsl/events.js'
import { type Op, stage } from '../dsl/op.js'
import { passOr } from '../dsl/passOr.js'
import type { HasTraining, Step, TrainingMetrics } from '../dsl/step.js'
import type { HasStudent, HasTeacher, Network } from '../training/network.js'
import { testBatches } from '../training/testBatches.js'

export interface AttackEvalOptions {
  /** The first so many test images, ≥ 1. @default all */
  readonly examples?: number
  /** Images attacked at once, ≥ 1: memory grows with it, results don't depend on it. @default 250 */
  readonly batchSize?: number
  /** Evaluates the student every so many epochs too, ≥ 1. @default only at the end */
  readonly every?: number
  /** Which of the two is measured; rows of a comparison share one `before`. @default both */
  readonly subjects?: readonly ('before' | 'after')[]
}

/**
 * Lets every step pass and evaluates: the teacher (`before`) when the first step arrives, the student (`after`) when
 * training is done. Without a stage that trains in front of it, it evaluates once and completes.
 * Reports through `run.events$` and the summary.
 *
 * @example
 * attackEval([fgsm({ epsilon: 0.3 }), pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01 })], { examples: 1000 })
 * @throws OptionError for two attacks of one name, wrong numbers, or more examples than the test set has
 */
export const attackEval = (
  attacks: readonly Attack[],
  { examples, batchSize = 250, every, subjects = ['before', 'after'] }: AttackEvalOptions = {},
): Op<HasStudent, unknown> => {
  const names = attacks.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) rejectOption('attackEval', 'attacks of different names', `"${twice}" twice`)
  if (examples !== undefined) checkWhole('attackEval', 'examples', examples, 1)
  if (every !== undefined) checkWhole('attackEval', 'epochs between two evaluations', every, 1)
  checkWhole('attackEval', 'batchSize', batchSize, 1)

  return stage(
    {
      stage: STAGE,
      config: {
        attacks: attacks.map(({ name, config }) => ({ name, ...config })),
        examples: examples ?? 'all',
        batchSize,
        subjects,
        ...(every === undefined ? {} : { every }),
      },
      needs: ['student'],
      adds: [],
    },
    <S extends Step & HasStudent & Partial<HasTeacher & HasTraining>>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let begun = false
        let latest: S | undefined

        const measure = async ({ run }: S, network: Network, subject: Subject): Promise<void> => {
          const total = examplesOf(run.data.test.count, examples)
          const accuracies = await evaluate({
            classifier: (images) => network.logits(images),
            attacks,
            examples: total,
            batches: () => testBatches(run.data, total, batchSize),
            seed: run.seed,
            signal: run.signal,
            onProgress: (attack, done) => run.emit({ type: 'evaluating', subject, attack, done, total }),
          })
          if (subject === 'before') run.provide(STAGE, () => ({ arrays: {}, values: { before: accuracies } }))
          run.emit({ type: 'evaluation', subject, accuracies })
        }

        /** The reference figures: the teacher's, or those of a network that nobody trains; none for a fresh one. */
        const measureBefore = async (step: S): Promise<void> => {
          const { run, teacher, training, student } = step
          const saved = run.restore(STAGE)?.values
          if (training && !subjects.includes('before')) return
          const network = teacher ?? (training ? undefined : student)
          if (saved) {
            run.provide(STAGE, () => ({ arrays: {}, values: saved }))
            run.emit({ type: 'evaluation', subject: 'before', accuracies: saved.before as Accuracies })
          } else if (network) await measure(step, network, 'before')
        }

        const due = (step: S): readonly (() => Promise<void>)[] => {
          const first = begun ? [] : [() => measureBefore(step)]
          begun = true
          return isDue(step.training, every) ? [...first, () => measure(step, step.student, 'epoch')] : first
        }

        // The minibatch is held while an evaluation runs, so that training waits and the student stays as it is.
        const pass = (step: S): S | Observable<S> => {
          latest = step
          const evaluations = due(step)
          if (evaluations.length === 0) return step
          const letGo = step.minibatch.hold()
          return concat(...evaluations.map((run) => defer(run).pipe(ignoreElements())), of(step)).pipe(finalize(letGo))
        }

        const after = (): Observable<never> =>
          latest?.training && subjects.includes('after')
            ? from(measure(latest, latest.student, 'after')).pipe(ignoreElements())
            : EMPTY

        return concat(
          source.pipe(
            passOr(pass),
            takeWhile(({ training }) => training !== undefined, true),
          ),
          defer(after),
        )
      }),
  )
}

const STAGE = 'attackEval'

type Subject = 'before' | 'after' | 'epoch'

const examplesOf = (available: number, asked: number | undefined): number =>
  asked !== undefined && asked > available
    ? rejectOption(STAGE, `at most ${available} examples, as many as the test set has`, asked)
    : (asked ?? available)

/** Whether an epoch that asks for an evaluation has just ended; the last one is the final evaluation's. */
const isDue = (training: TrainingMetrics | undefined, every: number | undefined): boolean =>
  training !== undefined &&
  every !== undefined &&
  training.step < training.steps &&
  training.batch + 1 === training.batches &&
  (training.epoch + 1) % every === 0
