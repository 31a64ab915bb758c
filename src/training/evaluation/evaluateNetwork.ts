import * as E from 'fp-ts/lib/Either.js'
import type { Attack, AttackSequence } from '../../attacks/common/attack.js'
import { evaluatedFor } from '../../attacks/common/shortened.js'
import { evaluate } from '../../attacks/evaluation/evaluate.js'
import type { EvaluationResult, Outcome } from '../../attacks/evaluation/evaluation.js'
import type { RunContext } from '../../dsl/context.js'
import { type Dataset, imageSize } from '../../dsl/dataset.js'
import { PwoaFailure } from '../../dsl/errors.js'
import type { Accuracies } from '../../dsl/figures.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import type { AttackPicture } from '../../io/pictures/attackCells.js'
import { drawAttackPicture } from '../../io/pictures/attackPicture.js'
import { attackStrips } from '../../io/pictures/attackStrips.js'
import { imagesOf, labelsOf } from '../network/images.js'
import type { Network } from '../network/network.js'
import { continueWith, subjectOf } from './evaluationSubject.js'
import { type EvaluatedForm, integerForm } from './integerForm.js'
import { type ExampleChoice, testExamples } from './testExamples.js'

/** The network itself: float32, with gradients. */
const ownForm = async (_stage: string, network: Network): Promise<EvaluatedForm> => ({
  classifier: (images) => network.logits(images),
  attackOn: (attack) => attack,
  release: () => undefined,
})

const forms = { network: ownForm, int8: integerForm } as const satisfies Readonly<
  Record<string, (stage: string, network: Network, data: Dataset) => Promise<EvaluatedForm>>
>

/** What can be evaluated: the network itself, or its 8-bit C file. */
export type EvaluationForm = keyof typeof forms

/** Their names. */
export const evaluationForms = ['network', 'int8'] as const satisfies readonly EvaluationForm[]

/** What to evaluate a network on, and what to call it. */
export interface NetworkEvaluation extends ExampleChoice {
  /** Name of the stage that evaluates, for its journal and warnings. */
  readonly stage: string
  readonly subject: 'before' | 'after' | 'epoch'
  /** The evaluation's own name, the same when the run is resumed: `before`, `after`, `admm-epoch-3`. */
  readonly name: string
  readonly attacks: readonly (Attack | AttackSequence)[]
  /** Attacked images in the picture, ≥ 0. The journal keeps them even if no file is written now. */
  readonly pictures: number
  /** What is evaluated: the network itself, or its 8-bit C file. @default 'network' */
  readonly form?: EvaluationForm
  /** Base name of its files: `attacks` for `attacks.jsonl`, `attacks.svg` and `attacks.strips.json`; undefined: none. */
  readonly files: string | undefined
}

/**
 * Evaluates a network on the run's test set. Reports progress, writes the outcome of each example, and continues from the
 * work that an interrupted run, or the runs of all shards, have finished.
 *
 * @throws OptionError for more examples than the test set has, more shards than there are blocks, or finished work of
 * another network or other images
 */
export const evaluateNetwork = async (
  run: RunContext,
  network: Network,
  { stage, subject, name, attacks, examples, shard, batchSize, pictures, form = 'network', files }: NetworkEvaluation,
): Promise<Accuracies> => {
  const { test, shape, classes } = run.data
  const journal = run.journal(`${stage}-${name}`)
  const { count, indices } = testExamples(stage, run.data, { examples, shard, batchSize })
  // The subject is all examples, even if this run attacks only some: all parts of an evaluation have the same subject.
  continueWith(journal, stage, subjectOf(run.data, network, count))
  const { classifier, attackOn, release } = await forms[form](stage, network, run.data)
  run.atEnd(release)
  const { accuracies, outcomes, shown } = await evaluate({
    classifier,
    attacks: attacks.map((attack) => attackOn(evaluatedFor(run.data, attack))),
    indices,
    batchOf: (some) => ({ images: imagesOf(test, shape, some), labels: labelsOf(test, classes, some) }),
    batchSize,
    seed: run.seed,
    signal: run.signal,
    resting: run.resting,
    journal,
    keepImages: pictures,
    onProgress: (progress) => run.emit({ type: 'evaluating', subject, ...progress }),
    onStage: (result) => run.emit({ type: 'attacked', subject, ...result }),
    onWarning: (message) => {
      // Advice on the strength of attacks would be about the shortened ones.
      if (!run.data.trial) run.emit({ type: 'warning', stage, message: `${name}: ${message}` })
    },
  })
  if (files !== undefined) {
    await written(run, `${files}.jsonl`, linesOf(outcomes))
    const picture = pictureOf(run, shown)
    if (picture !== undefined) {
      await written(run, `${files}.svg`, drawAttackPicture(picture))
      await written(run, `${files}.strips.json`, `${JSON.stringify(attackStrips(picture))}\n`)
    }
  }
  run.emit({ type: 'evaluation', subject, accuracies })
  return accuracies
}

const written = async (run: RunContext, name: string, text: string): Promise<void> => {
  const result = await run.writeArtifact(name, text)()
  if (E.isLeft(result)) throw new PwoaFailure(result.left)
}

const linesOf = (outcomes: readonly Outcome[]): string =>
  outcomes
    .map(({ index, label, brokenBy, distance }) => `${JSON.stringify({ index, label, brokenBy, distance })}\n`)
    .join('')

/** The examples that broke under the threat of the first of them: pictures of two norms don't compare. */
const pictureOf = ({ data }: RunContext, [first, ...others]: EvaluationResult['shown']): AttackPicture | undefined => {
  if (!first) return undefined
  const { test, shape } = data
  const size = imageSize(shape)
  const { norm, epsilon } = first
  const alike = others.filter((one) => one.norm === norm && one.epsilon === epsilon)
  const rows = [first, ...alike].map((one) => ({
    ...one,
    brokenBy: one.brokenBy ?? '',
    distance: one.distance ?? 0,
    original: Float32Array.from(test.images.subarray(one.index * size, (one.index + 1) * size), (byte) => byte / 255),
  }))
  return { shape, norm, epsilon, rows }
}

/** Whether a periodic evaluation is due after this step (never after the last, which is always evaluated). */
export const evaluationDue = (training: TrainingMetrics | undefined, every: number | undefined): boolean =>
  training !== undefined &&
  every !== undefined &&
  training.step < training.steps &&
  training.batch + 1 === training.batches &&
  (training.epoch + 1) % every === 0
