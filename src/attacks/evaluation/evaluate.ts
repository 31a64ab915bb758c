import { setImmediate } from 'node:timers/promises'
import { timeLeft } from '../../dsl/kit/timeLeft.js'
import { tf } from '../../engine/tf.js'
import type { Attack, AttackSequence } from '../common/attack.js'
import { adviceBefore, adviceOnGap, adviceOnGradients, adviceOnSequence, stagesOf } from './advice.js'
import { attackBatch } from './attackBatch.js'
import { batchesOf } from './batches.js'
import { cleanBatch } from './cleanBatch.js'
import type { Evaluation, EvaluationResult, TestBatch } from './evaluation.js'
import { detailsOf, type Findings, shownOf, traceOutcomes } from './findings.js'
import { type BatchRecord, type CleanRecord, journaledBatch, journaledClean } from './records.js'

/**
 * Computes clean accuracy, and robust accuracy under each attack: the share of examples that are classified correctly
 * without an attack, and also after the attack. An attack gets the examples that are classified correctly, and a stage
 * of a sequence the examples that survived the earlier stages, in batches within blocks of the test set. The event loop
 * gets a turn between the steps of an attack. Finished batches go to the journal; a resumed evaluation does not repeat
 * them. The images that an attack returns are checked: inside the ε-ball, inside [0, 1], and not NaN.
 *
 * @throws RunError if an attack returns images outside ε or [0, 1], for images outside [0, 1], labels out of range, or
 * a network whose logits are not finite
 * @throws the reason of `signal` if it is aborted
 */
export const evaluate = async (evaluation: Evaluation): Promise<EvaluationResult> => {
  const { attacks, indices, onWarning } = evaluation
  const { labels, correct, saturated } = await cleanPass(evaluation)
  warnBefore(evaluation)
  const allFindings: (readonly [string, Findings])[] = []
  for (const attack of attacks) allFindings.push([attack.name, await attackPass(evaluation, attack, correct)])
  const robust = Object.fromEntries(
    allFindings.map(([name, { broken }]) => [name, (correct.length - broken.size) / indices.length]),
  )
  for (const message of adviceOnGap(attacks, robust, correct.length === 0 ? 0 : saturated / correct.length))
    onWarning(message)
  const traced = traceOutcomes(
    indices,
    labels,
    new Set(correct),
    allFindings.map(([, findings]) => findings),
  )
  return {
    accuracies: {
      clean: correct.length / indices.length,
      attacks: robust,
      examples: indices.length,
      details: Object.fromEntries(allFindings.map(([name, findings]) => [name, detailsOf(findings)])),
    },
    outcomes: traced.map(({ outcome }) => outcome),
    shown: traced.flatMap(shownOf).slice(0, evaluation.keepImages),
  }
}

/** Classifies all examples without an attack. */
const cleanPass = async (evaluation: Evaluation) => {
  const { classifier, indices, journal, onProgress } = evaluation
  const labels = new Map<number, number>()
  const wrong = new Set<number>()
  let saturated = 0
  let done = 0
  for (const { block, number, indices: batchIndices } of batchesOf(indices, evaluation.batchSize)) {
    const key = journalKey('clean', block, number)
    const found = journaledClean(journal, key)
    const record: CleanRecord =
      found ?? withBatch(evaluation, batchIndices, (batch) => cleanBatch(classifier, batch, batchIndices))
    if (!found) journal.add(key, record)
    for (const [row, index] of batchIndices.entries()) labels.set(index, record.labels[row] ?? 0)
    for (const index of record.wrong) wrong.add(index)
    saturated += record.saturated
    done += batchIndices.length
    const robust = 1 - wrong.size / indices.length
    onProgress({ attack: 'clean', stage: 'clean', done, total: indices.length, robust, secondsLeft: undefined })
    await takeTurn(evaluation)
  }
  return { labels, correct: Array.from(indices).filter((index) => !wrong.has(index)), saturated }
}

/** Reports warnings about the network before it is attacked. */
const warnBefore = (evaluation: Evaluation): void => {
  const [first] = batchesOf(evaluation.indices, evaluation.batchSize)
  if (!first) return
  const messages = withBatch(evaluation, first.indices, (batch) =>
    adviceBefore(evaluation.classifier, batch, evaluation.attacks),
  )
  for (const message of messages) evaluation.onWarning(message)
}

/** Runs an attack, or the stages of a sequence, on the examples that are classified correctly. */
const attackPass = async (
  evaluation: Evaluation,
  attack: Attack | AttackSequence,
  correct: readonly number[],
): Promise<Findings> => {
  const findings: Findings = {
    broken: new Map(),
    stages: [],
    shown: new Map(),
    nameOf: outcomeNames(attack, evaluation.attacks),
  }
  for (const stage of stagesOf(attack)) {
    const unbroken = Uint32Array.from(correct.filter((index) => !findings.broken.has(index)))
    await stagePass({ evaluation, attack: attack.name, stage, findings, correct: correct.length }, unbroken)
  }
  if ('stages' in attack) for (const message of adviceOnSequence(attack, findings.stages)) evaluation.onWarning(message)
  return findings
}

interface StageWork {
  readonly evaluation: Evaluation
  readonly attack: string
  readonly stage: Attack
  readonly findings: Findings
  readonly correct: number
}

/** Runs a stage on the survivors of the earlier ones, and adds its results to the findings. */
const stagePass = async (work: StageWork, unbroken: Uint32Array): Promise<void> => {
  const { evaluation, attack, stage, findings, correct } = work
  const { indices, journal, batchSize, onProgress, onStage } = evaluation
  const clock = timeLeft()
  let done = 0
  let seconds = 0
  let withoutGradient = 0
  const robust = (): number => (correct - findings.broken.size) / indices.length
  const reportProgress = (now: number): void => {
    const secondsLeft = clock.at(now, unbroken.length, performance.now() / 1000)
    onProgress({ attack, stage: stage.name, done: now, total: unbroken.length, robust: robust(), secondsLeft })
  }
  const earlier = findings.broken.size
  for (const { block, number, indices: batchIndices } of batchesOf(unbroken, batchSize)) {
    const key = journalKey(attack, stage.name, block, number)
    const found = journaledBatch(journal, key)
    const record =
      found ?? (await attacked(work, batchIndices, (share) => reportProgress(done + share * batchIndices.length)))
    if (!found) journal.add(key, record)
    for (const [index, distance] of record.broken) findings.broken.set(index, { by: stage, distance })
    for (const one of record.shown) findings.shown.set(one.index, one)
    seconds += record.seconds
    withoutGradient += record.withoutGradient
    done += batchIndices.length
    reportProgress(done)
    await takeTurn(evaluation)
  }
  const result = {
    attack,
    stage: stage.name,
    robust: robust(),
    attacked: unbroken.length,
    seconds,
    broken: findings.broken.size - earlier,
    withoutGradient,
  }
  findings.stages.push(result)
  onStage(result)
  for (const message of adviceOnGradients(result)) evaluation.onWarning(message)
}

const attacked = async (
  { evaluation, stage }: StageWork,
  batchIndices: Uint32Array,
  onShare: (share: number) => void,
): Promise<BatchRecord> => {
  const { classifier, batchOf, seed, signal, resting, keepImages } = evaluation
  const batch = batchOf(batchIndices)
  try {
    const input = { ...batch, classifier, indices: batchIndices, seed }
    return await attackBatch({ attack: stage, input, keepImages, signal, resting, onShare })
  } finally {
    tf.dispose([batch.images, batch.labels])
  }
}

const withBatch = <T>({ batchOf }: Evaluation, batchIndices: Uint32Array, act: (batch: TestBatch) => T): T => {
  const batch = batchOf(batchIndices)
  try {
    return act(batch)
  } finally {
    tf.dispose([batch.images, batch.labels])
  }
}

const journalKey = (...parts: readonly (string | number)[]): string => JSON.stringify(parts)

/** Names stages in outcomes: by their own names, preceded by that of their sequence if two attacks share a stage name. */
const outcomeNames = (
  attack: Attack | AttackSequence,
  attacks: readonly (Attack | AttackSequence)[],
): ((stage: Attack) => string) => {
  const others = new Set(attacks.filter((other) => other !== attack).flatMap((other) => namesOf(other)))
  return ({ name }) => (others.has(name) && 'stages' in attack ? `${attack.name}/${name}` : name)
}

const namesOf = (attack: Attack | AttackSequence): readonly string[] => stagesOf(attack).map(({ name }) => name)

/** Gives the event loop a turn, and waits while the run is paused. @throws the reason of `signal` if it is aborted */
const takeTurn = async ({ signal, resting }: Evaluation): Promise<void> => {
  await setImmediate()
  await resting()
  signal.throwIfAborted()
}
