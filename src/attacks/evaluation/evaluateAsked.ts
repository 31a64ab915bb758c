import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { type Asking, imagesAt } from '../common/asking.js'
import type { Attack, AttackSequence } from '../common/attack.js'
import type { NormName } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { stagesOf } from './advice.js'
import type { Outcome } from './evaluation.js'
import { checkThreatKept } from './threatKept.js'

/** Logits of images that may take their time: count × height × width × channels in [0, 1] to count × classes. */
export type Answers = (images: Float32Array, count: number) => Promise<Float32Array>

/** An attack on a network that only answers. */
export interface AskedEvaluation {
  readonly stage: string
  readonly answers: Answers
  readonly attack: Attack | AttackSequence
  /** n × height × width × channels, in [0, 1]. */
  readonly images: Float32Array
  readonly shape: ImageShape
  /** True classes, n. */
  readonly classes: Int32Array
  /** Images in a question at most. */
  readonly batchSize: number
  readonly seed: number
  /** Ends the attack between two questions if it is aborted. */
  readonly signal: AbortSignal
}

/** What an attack found. */
export interface AskedResult {
  readonly outcomes: readonly Outcome[]
  /** n × height × width × channels: the adversarial image of an example that the attack broke, any other unchanged. */
  readonly adversarial: Float32Array
}

/** An attack of a sequence that asks, or the attack itself. */
interface AskingAttack extends Attack {
  readonly ask: NonNullable<Attack['ask']>
}

/**
 * Attacks a network through its logits alone, by questions that may take their time, batch by batch.
 *
 * @throws OptionError for an attack that needs gradients
 * @throws RunError for images outside ε or [0, 1]
 * @throws the reason of `signal` if it is aborted
 */
export const evaluateAsked = async (work: AskedEvaluation): Promise<AskedResult> => {
  const { images, shape, classes, batchSize } = work
  const stages = stagesOf(work.attack).map((attack) => askingOf(work.stage, attack))
  const size = imageSize(shape)
  const adversarial = images.slice()
  const outcomes: Outcome[] = []
  for (let begin = 0; begin < classes.length; begin += batchSize) {
    const rows = Array.from(classes.subarray(begin, begin + batchSize).keys(), (row) => begin + row)
    const guesses = await guessesFor(work, imagesAt(images, size, rows), rows.length)
    const found = new Map<number, Pick<Outcome, 'brokenBy' | 'distance'>>()
    for (const [place, row] of rows.entries())
      if (guesses[place] !== classes[row]) found.set(row, { brokenBy: 'clean', distance: 0 })
    for (const attack of stages) {
      const left = rows.filter((row) => !found.has(row))
      for (const [row, { image, distance }] of await broken(work, attack, left)) {
        found.set(row, { brokenBy: attack.name, distance })
        adversarial.set(image, row * size)
      }
    }
    for (const row of rows) {
      const { brokenBy, distance } = found.get(row) ?? { brokenBy: null, distance: null }
      outcomes.push({ index: row, label: classes[row] ?? 0, brokenBy, distance })
    }
  }
  return { outcomes, adversarial }
}

const askingOf = (stage: string, attack: Attack): AskingAttack => {
  const { ask } = attack
  if (ask) return { ...attack, ask }
  throw new PwoaFailure({
    _tag: 'OptionError',
    stage,
    expected: 'an attack that uses logits alone, because a black box has no gradients',
    actual: attack.name,
    hint: 'square({ epsilon }) is one.',
  })
}

/** The images that an attack breaks, by their rows. */
const broken = async (
  work: AskedEvaluation,
  { ask, ...attack }: AskingAttack,
  rows: readonly number[],
): Promise<ReadonlyMap<number, { readonly image: Float32Array; readonly distance: number }>> => {
  if (rows.length === 0) return new Map()
  const { shape, classes, seed } = work
  const size = imageSize(shape)
  const images = imagesAt(work.images, size, rows)
  const truth = Int32Array.from(rows, (row) => classes[row] ?? 0)
  const found = await runToEnd(work, ask({ images, shape, classes: truth, indices: Uint32Array.from(rows), seed }))
  const lengths = rows.map((_, place) => {
    const within = [place * size, (place + 1) * size] as const
    return lengthOf[attack.norm](images.subarray(...within), found.subarray(...within))
  })
  const [low, high] = [found.reduce((a, b) => Math.min(a, b), 1), found.reduce((a, b) => Math.max(a, b), 0)]
  checkThreatKept(attack, { lengths, low, high })
  const guesses = await guessesFor(work, found, rows.length)
  return new Map(
    rows.flatMap((row, place) =>
      guesses[place] === truth[place]
        ? []
        : [[row, { image: found.subarray(place * size, (place + 1) * size), distance: lengths[place] ?? 0 }] as const],
    ),
  )
}

const runToEnd = async (work: AskedEvaluation, asking: Asking): Promise<Float32Array> => {
  let step = asking.next()
  while (!step.done) {
    const { images, count } = step.value
    step = asking.next(await logitsFor(work, images, count))
  }
  return step.value
}

/** The length of a perturbation. */
const lengthOf: Readonly<Record<NormName, (from: Float32Array, to: Float32Array) => number>> = {
  Linf: (from, to) => to.reduce((most, value, i) => Math.max(most, Math.abs(value - (from[i] ?? 0))), 0),
  L2: (from, to) => Math.sqrt(to.reduce((sum, value, i) => sum + (value - (from[i] ?? 0)) ** 2, 0)),
}

const guessesFor = async (work: AskedEvaluation, images: Float32Array, count: number): Promise<Int32Array> => {
  const logits = await logitsFor(work, images, count)
  return predictionsOf(logits, logits.length / count)
}

const logitsFor = async ({ answers, signal }: AskedEvaluation, images: Float32Array, count: number) => {
  signal.throwIfAborted()
  return answers(images, count)
}
