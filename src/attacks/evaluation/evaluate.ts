import { setImmediate } from 'node:timers/promises'
import { timeLeft } from '../../dsl/kit/timeLeft.js'
import { tf } from '../../engine/tf.js'
import type { Attack, AttackSequence } from '../common/attack.js'
import { adviceBefore, adviceOnGap, adviceOnSequence, stagesOf } from './advice.js'
import { attackBatch } from './attackBatch.js'
import { batchesOf } from './batches.js'
import { cleanBatch } from './cleanBatch.js'
import type { Evaluation, EvaluationResult, Outcome, StageResult, TestBatch } from './evaluation.js'
import { type BatchRecord, type CleanRecord, rememberedBatch, rememberedClean, type Shown } from './records.js'

/**
 * Clean accuracy, and robust accuracy under each attack: the share of examples that are classified correctly as they
 * are and after the attack. Attacks are given what is classified correctly, those of a sequence what the earlier ones
 * left, packed into batches within blocks of the test set. The event loop turns between an attack's steps; finished batches go to the journal
 * and are not done again. What an attack returns is checked: inside the ε-ball, inside [0, 1], no NaN.
 *
 * @throws RunError for an attack that breaks its threat model, images outside [0, 1], labels out of range or a network
 * whose logits are not finite; what `signal` is aborted with
 */
export const evaluate = async (evaluation: Evaluation): Promise<EvaluationResult> => {
  const { attacks, indices, onWarning } = evaluation
  const { labels, whole, saturated } = await cleanPass(evaluation)
  advise(evaluation)
  const ledgers: (readonly [string, Ledger])[] = []
  for (const attack of attacks) ledgers.push([attack.name, await attackPass(evaluation, attack, whole)])
  const robust = Object.fromEntries(
    ledgers.map(([name, { broken }]) => [name, (whole.length - broken.size) / indices.length]),
  )
  for (const message of adviceOnGap(attacks, robust, whole.length === 0 ? 0 : saturated / whole.length))
    onWarning(message)
  const fates = fatesOf(
    indices,
    labels,
    new Set(whole),
    ledgers.map(([, ledger]) => ledger),
  )
  return {
    accuracies: {
      clean: whole.length / indices.length,
      attacks: robust,
      examples: indices.length,
      details: Object.fromEntries(ledgers.map(([name, ledger]) => [name, detailOf(ledger)])),
    },
    outcomes: fates.map(({ outcome }) => outcome),
    shown: fates.flatMap(shownOf).slice(0, evaluation.keepImages),
  }
}

/** What an attack, or the stages of a sequence, did to each example that was whole. */
interface Ledger {
  readonly broken: Map<number, { readonly by: Attack; readonly distance: number }>
  readonly stages: StageResult[]
  readonly shown: Map<number, Shown>
  /** How outcomes call a stage. */
  readonly nameOf: (stage: Attack) => string
}

const cleanPass = async (evaluation: Evaluation) => {
  const { classifier, indices, journal, onProgress } = evaluation
  const labels = new Map<number, number>()
  const wrong = new Set<number>()
  let saturated = 0
  let done = 0
  for (const { block, number, indices: part } of batchesOf(indices, evaluation.batchSize)) {
    const key = keyOf('clean', block, number)
    const found = rememberedClean(journal, key)
    const record: CleanRecord = found ?? withBatch(evaluation, part, (batch) => cleanBatch(classifier, batch, part))
    if (!found) journal.add(key, record)
    for (const [row, index] of part.entries()) labels.set(index, record.labels[row] ?? 0)
    for (const index of record.wrong) wrong.add(index)
    saturated += record.saturated
    done += part.length
    const robust = 1 - wrong.size / indices.length
    onProgress({ attack: 'clean', stage: 'clean', done, total: indices.length, robust, secondsLeft: undefined })
    await breathe(evaluation)
  }
  return { labels, whole: Array.from(indices).filter((index) => !wrong.has(index)), saturated }
}

const advise = (evaluation: Evaluation): void => {
  const [first] = batchesOf(evaluation.indices, evaluation.batchSize)
  if (!first) return
  const messages = withBatch(evaluation, first.indices, (batch) =>
    adviceBefore(evaluation.classifier, batch, evaluation.attacks),
  )
  for (const message of messages) evaluation.onWarning(message)
}

const attackPass = async (
  evaluation: Evaluation,
  attack: Attack | AttackSequence,
  whole: readonly number[],
): Promise<Ledger> => {
  const ledger: Ledger = {
    broken: new Map(),
    stages: [],
    shown: new Map(),
    nameOf: namesFor(attack, evaluation.attacks),
  }
  for (const stage of stagesOf(attack)) {
    const unbroken = Uint32Array.from(whole.filter((index) => !ledger.broken.has(index)))
    await stagePass({ evaluation, attack: attack.name, stage, ledger, whole: whole.length }, unbroken)
  }
  if ('stages' in attack) for (const message of adviceOnSequence(attack, ledger.stages)) evaluation.onWarning(message)
  return ledger
}

interface StageWork {
  readonly evaluation: Evaluation
  readonly attack: string
  readonly stage: Attack
  readonly ledger: Ledger
  readonly whole: number
}

const stagePass = async (work: StageWork, unbroken: Uint32Array): Promise<void> => {
  const { evaluation, attack, stage, ledger, whole } = work
  const { indices, journal, batchSize, onProgress, onStage } = evaluation
  const clock = timeLeft()
  let done = 0
  let seconds = 0
  const robust = (): number => (whole - ledger.broken.size) / indices.length
  const tell = (now: number): void => {
    const secondsLeft = clock.at(now, unbroken.length, performance.now() / 1000)
    onProgress({ attack, stage: stage.name, done: now, total: unbroken.length, robust: robust(), secondsLeft })
  }
  const earlier = ledger.broken.size
  for (const { block, number, indices: part } of batchesOf(unbroken, batchSize)) {
    const key = keyOf(attack, stage.name, block, number)
    const found = rememberedBatch(journal, key)
    const record = found ?? (await attacked(work, part, (share) => tell(done + share * part.length)))
    if (!found) journal.add(key, record)
    for (const [index, distance] of record.broken) ledger.broken.set(index, { by: stage, distance })
    for (const one of record.shown) ledger.shown.set(one.index, one)
    seconds += record.seconds
    done += part.length
    tell(done)
    await breathe(evaluation)
  }
  const result = { attack, stage: stage.name, robust: robust(), attacked: unbroken.length, seconds }
  ledger.stages.push({ ...result, broken: ledger.broken.size - earlier })
  onStage({ ...result, broken: ledger.broken.size - earlier })
}

const attacked = async (
  { evaluation, stage }: StageWork,
  part: Uint32Array,
  onShare: (share: number) => void,
): Promise<BatchRecord> => {
  const { classifier, batchOf, seed, signal, resting, keepImages } = evaluation
  const batch = batchOf(part)
  try {
    const input = { ...batch, classifier, indices: part, seed }
    return await attackBatch({ attack: stage, input, keepImages, signal, resting, onShare })
  } finally {
    tf.dispose([batch.images, batch.labels])
  }
}

const withBatch = <T>({ batchOf }: Evaluation, part: Uint32Array, act: (batch: TestBatch) => T): T => {
  const batch = batchOf(part)
  try {
    return act(batch)
  } finally {
    tf.dispose([batch.images, batch.labels])
  }
}

const keyOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts)

/** A stage by its own name; by its sequence's too where stages of two attacks share one. */
const namesFor = (
  attack: Attack | AttackSequence,
  attacks: readonly (Attack | AttackSequence)[],
): ((stage: Attack) => string) => {
  const others = new Set(attacks.filter((other) => other !== attack).flatMap((other) => namesOf(other)))
  return ({ name }) => (others.has(name) && 'stages' in attack ? `${attack.name}/${name}` : name)
}

const namesOf = (attack: Attack | AttackSequence): readonly string[] => stagesOf(attack).map(({ name }) => name)

const breathe = async ({ signal, resting }: Evaluation): Promise<void> => {
  await setImmediate()
  await resting()
  signal.throwIfAborted()
}

const detailOf = ({ broken, stages }: Ledger) => {
  const distances = [...broken.values()].map(({ distance }) => distance)
  return {
    stages: Object.fromEntries(stages.map(({ stage, robust }) => [stage, robust])),
    seconds: stages.reduce((total, { seconds }) => total + seconds, 0),
    ...(distances.length === 0
      ? {}
      : { meanDistance: distances.reduce((total, distance) => total + distance, 0) / distances.length }),
  }
}

/** What became of an example, and which ledger says so. */
interface Fate {
  readonly outcome: Outcome
  readonly ledger: Ledger | undefined
}

const fatesOf = (
  indices: Uint32Array,
  labels: ReadonlyMap<number, number>,
  whole: ReadonlySet<number>,
  ledgers: readonly Ledger[],
): readonly Fate[] =>
  Array.from(indices, (index) => {
    const example = { index, label: labels.get(index) ?? 0 }
    if (!whole.has(index)) return { outcome: { ...example, brokenBy: 'clean', distance: 0 }, ledger: undefined }
    const ledger = ledgers.find(({ broken }) => broken.has(index))
    const first = ledger?.broken.get(index)
    const brokenBy = ledger && first ? ledger.nameOf(first.by) : null
    return { outcome: { ...example, brokenBy, distance: first?.distance ?? null }, ledger }
  })

const shownOf = ({ outcome, ledger }: Fate): EvaluationResult['shown'] => {
  const image = ledger?.shown.get(outcome.index)
  const threat = ledger?.broken.get(outcome.index)?.by
  if (!image || !threat) return []
  const { norm, epsilon } = threat
  return [{ ...outcome, norm, epsilon, guess: image.guess, adversarial: floatsOf(image.image) }]
}

const floatsOf = (base64: string): Float32Array => {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer)
}
