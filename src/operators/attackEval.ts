// Clean and robust accuracy on the test set, before and after. Paper: Sec. IV.
import { concat, defer, EMPTY, finalize, from, ignoreElements, type Observable, of, takeWhile } from 'rxjs'
import type { Attack, AttackSequence } from '../attacks/common/attack.js'
import { checkNames } from '../attacks/evaluation/advice.js'
import { checkShard, type Shard } from '../attacks/evaluation/shard.js'
import { checkOptions } from '../dsl/checkOptions.js'
import { checkWhole } from '../dsl/checks.js'
import { type Op, stage } from '../dsl/op.js'
import { passOr } from '../dsl/passOr.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { evaluateNetwork, evaluationDue, type NetworkEvaluation } from '../training/evaluation/evaluateNetwork.js'
import { testExamples } from '../training/evaluation/testExamples.js'
import type { HasStudent, HasTeacher, Network } from '../training/network/network.js'

/** Options of {@link attackEval}. */
export interface AttackEvalOptions {
  /** The first so many test images, ≥ 1. @default all */
  readonly examples?: number
  /** Attacks a part of these alone: `shards` makes runs of all parts, and joins what they find. @default all of them */
  readonly shard?: Shard | undefined
  /** Images attacked at once, ≥ 1: memory grows with it, results don't depend on it. @default 250 */
  readonly batchSize?: number
  /** Draws the first so many examples that break, original beside adversarial image, as `attacks.svg`. @default 0 */
  readonly pictures?: number
  /** Evaluates the student every so many epochs too, ≥ 1. @default only at the end */
  readonly every?: number
  /** Which of the two is measured; rows of a comparison share one `before`. @default both */
  readonly subjects?: readonly ('before' | 'after')[]
}

/**
 * Lets every step pass and evaluates: the teacher (`before`) when the first step arrives, the student (`after`) when
 * training is done. Without a stage that trains in front of it, it evaluates once and completes.
 * Reports through `run.events$` and the summary, and writes what became of each example: `attacks.jsonl`, the
 * teacher's beside a student's as `attacks-before.jsonl`. An interrupted evaluation goes on where it was. Behind `shrink`
 * it attacks the smaller network in the student's place: the same function, in less time.
 *
 * @example
 * attackEval([autoAttack({ epsilon: 0.3 }), fgsm({ epsilon: 0.3 })], { examples: 1000 })
 * @throws OptionError for two attacks of one name or one called `clean`, wrong numbers, more examples than the test set
 * has or shards than blocks of four batches, a second attackEval, or a resumed evaluation of another network
 */
export const attackEval = (
  attacks: readonly (Attack | AttackSequence)[],
  options: AttackEvalOptions = {},
): Op<HasStudent, unknown> => {
  const { examples, batchSize = 250, pictures = 0, every, subjects = ['before', 'after'], shard } = options
  checkOptions(STAGE, options, {
    examples: true,
    batchSize: true,
    pictures: true,
    every: true,
    subjects: true,
    shard: true,
  })
  checkNames(STAGE, attacks)
  if (examples !== undefined) checkWhole('attackEval', 'examples', examples, 1)
  if (every !== undefined) checkWhole('attackEval', 'epochs between two evaluations', every, 1)
  checkWhole('attackEval', 'batchSize', batchSize, 1)
  checkWhole('attackEval', 'pictures', pictures, 0)
  if (shard) checkShard('attackEval', examples, batchSize, shard)

  return stage(
    {
      stage: STAGE,
      config: {
        attacks: attacks.map(({ name, config }) => ({ name, ...config })),
        examples: examples ?? 'all',
        batchSize,
        pictures,
        subjects,
        ...(every === undefined ? {} : { every }),
        ...(shard ? { shard } : {}),
      },
      needs: ['student'],
      adds: [],
      once: 'one attackEval with all attacks',
      checkData: ({ test }) => void testExamples(STAGE, test.count, { examples, shard, batchSize }),
    },
    <S extends Step & HasStudent & Partial<HasTeacher & HasTraining>>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let begun = false
        let latest: S | undefined

        const measure = async ({ run }: S, network: Network, of: Measured): Promise<void> => {
          await evaluateNetwork(run, network, { stage: STAGE, attacks, examples, shard, batchSize, pictures, ...of })
        }

        /** The reference figures: the teacher's, or those of a network that nobody trains; none for a fresh one. */
        const measureBefore = async (step: S): Promise<void> => {
          const { teacher, training, student } = step
          if (training && !subjects.includes('before')) return
          // What nobody trains is its teacher, or what `shrink` has made of that.
          const network = training ? teacher : student
          const files = training ? 'attacks-before' : 'attacks'
          if (network) await measure(step, network, { subject: 'before', name: 'before', files })
        }

        const due = (step: S): readonly (() => Promise<void>)[] => {
          const first = begun ? [] : [() => measureBefore(step)]
          begun = true
          const name = `${step.training?.phase}-epoch-${(step.training?.epoch ?? 0) + 1}`
          return evaluationDue(step.training, every)
            ? [...first, () => measure(step, step.student, { subject: 'epoch', name, files: undefined })]
            : first
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
            ? from(measure(latest, latest.student, { subject: 'after', name: 'after', files: 'attacks' })).pipe(
                ignoreElements(),
              )
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

type Measured = Pick<NetworkEvaluation, 'subject' | 'name' | 'files'>
