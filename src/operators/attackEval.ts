import { concat, defer, EMPTY, finalize, from, ignoreElements, type Observable, of, takeWhile } from 'rxjs'
import { type Attack, type AttackSequence, evaluatedAttackOption, isSequence } from '../attacks/common/attack.js'
import { checkNames } from '../attacks/evaluation/advice.js'
import { checkShard, shardOptions } from '../attacks/evaluation/shard.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf, readArgument } from '../dsl/options/declare.js'
import { choice, list, whole } from '../dsl/options/kinds.js'
import { passOr } from '../dsl/stages/passOr.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { evaluationDue, evaluationForms, type NetworkEvaluation } from '../training/evaluation/evaluateNetwork.js'
import { testExamples } from '../training/evaluation/testExamples.js'
import { measureNetwork } from '../training/evaluation/timeEvaluation.js'
import type { HasStudent, HasTeacher, Network } from '../training/network/network.js'

const STAGE = 'attackEval'

/** What {@link attackEval} takes. */
export const attackEvalOptions = declareOptions(STAGE, {
  /** How many test images are attacked, the first ones, ≥ 1. @default all */
  examples: whole(1).optional('all'),
  /** Images attacked at once, ≥ 1. Memory grows with it; results do not depend on it. @default 250 */
  batchSize: whole(1).default(250),
  /** How many broken examples `attacks.svg` shows, original beside adversarial image. @default 0 */
  pictures: whole(0).default(0),
  /** Which networks are measured; rows of a comparison share one `before`. @default ['before', 'after'] */
  subjects: list(choice(['before', 'after']), { least: 1 }).default(['before', 'after']),
  /** Also evaluates the student after every so many epochs, ≥ 1. @default only at the end */
  every: whole(1, { unit: 'epochs' }).optional('only at the end'),
  /** What answers after training: the `network`, or `int8`, its C file; see `integerForm`. @default 'network' */
  form: choice(evaluationForms).default('network'),
  /** Attacks one part of the examples: `shards` makes a run for each part and joins the results. @default all */
  shard: shardOptions.asOption().optional('all'),
})

/** Options of {@link attackEval}. */
export interface AttackEvalOptions extends OptionsOf<typeof attackEvalOptions> {}

/**
 * Passes every step on and evaluates: the teacher (`before`) when the first step arrives, the student (`after`) when
 * training is done. Without a stage that trains before it, it evaluates once and completes. Sequences such as AutoAttack
 * take long, and the teacher stays as it is: they attack it after training, and the first step only waits for its
 * accuracy without an attack and under the other attacks.
 * Reports through `run.events$` and the summary, and writes each example's outcome to `attacks.jsonl`; the teacher's,
 * beside a student's, to `attacks-before.jsonl`. An interrupted evaluation resumes where it was. After `shrink` it
 * attacks the smaller network in place of the student: the same function, in less time.
 *
 * @example
 * attackEval([autoAttack({ epsilon: 0.3 }), fgsm({ epsilon: 0.3 })], { examples: 1000 })
 * @throws OptionError for two attacks with the same name or one called `clean`, wrong numbers, more examples than the
 * test set has, more shards than blocks of four batches, a second attackEval, or a resumed evaluation of another network
 */
export const attackEval = (
  attacks: readonly (Attack | AttackSequence)[],
  options: AttackEvalOptions = {},
): Op<HasStudent, unknown> => {
  readArgument(STAGE, 'attacks', attacksOption, attacks)
  const { examples, ...others } = attackEvalOptions.read(options)
  const { batchSize, pictures, every, subjects, form, shard } = others
  checkNames(STAGE, attacks)
  if (shard) checkShard(STAGE, examples, batchSize, shard)

  return stage(
    {
      stage: STAGE,
      config: {
        attacks: attacksOption.encode(attacks),
        examples: examples ?? 'all',
        ...attackEvalOptions.config({ ...others, form: form === 'network' ? undefined : form }),
      },
      needs: ['student'],
      adds: [],
      once: 'one attackEval with all attacks',
      checkData: (data) => void testExamples(STAGE, data, { examples, shard, batchSize }),
    },
    <S extends Step & HasStudent & Partial<HasTeacher & HasTraining>>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let begun = false
        let latest: S | undefined

        const measure = ({ run }: S, network: Network, of: Measured): Promise<void> =>
          measureNetwork(run, network, { stage: STAGE, attacks, examples, shard, batchSize, pictures, ...of })

        /** Whether the teacher is attacked by sequences after training. A measured trial times each attack once. */
        const isLater = ({ run, training }: S): boolean =>
          training !== undefined && attacks.some(isSequence) && !run.data.trial?.meter

        /** The reference figures: the teacher's, or those of a network that is not trained; none for a new network. */
        const measureBefore = async (step: S): Promise<void> => {
          const { teacher, training, student } = step
          if (training && !subjects.includes('before')) return
          const network = training ? teacher : student // A network that is not trained is its teacher, or shrunk.
          const of = training ? { files: 'attacks-before' } : { files: 'attacks', form }
          // The journal keeps the figures of the first look for the whole evaluation.
          const look = { files: undefined, attacks: attacks.filter((attack) => !isSequence(attack)) }
          if (network) await measure(step, network, { ...reference, ...of, ...(isLater(step) ? look : {}) })
        }

        const measureAfter = async (step: S): Promise<void> => {
          const { teacher, student } = step
          if (isLater(step) && teacher && subjects.includes('before'))
            await measure(step, teacher, { ...reference, files: 'attacks-before' })
          if (subjects.includes('after')) await measure(step, student, { ...result, form, files: 'attacks' })
        }

        const due = (step: S): readonly (() => Promise<void>)[] => {
          const first = begun ? [] : [() => measureBefore(step)]
          begun = true
          const name = `${step.training?.phase}-epoch-${(step.training?.epoch ?? 0) + 1}`
          return evaluationDue(step.training, every)
            ? [...first, () => measure(step, step.student, { subject: 'epoch', name, files: undefined, pictures: 0 })]
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

        return concat(
          source.pipe(
            passOr(pass),
            takeWhile(({ training }) => training !== undefined, true),
          ),
          defer(() => (latest?.training ? from(measureAfter(latest)).pipe(ignoreElements()) : EMPTY)),
        )
      }),
  )
}

const attacksOption = list(evaluatedAttackOption())

type Measured = Pick<NetworkEvaluation, 'subject' | 'name' | 'files'> &
  Partial<Pick<NetworkEvaluation, 'attacks' | 'pictures' | 'form'>>

const reference = { subject: 'before', name: 'before' } as const
const result = { subject: 'after', name: 'after' } as const
