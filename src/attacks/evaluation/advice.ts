import { rejectOption } from '../../dsl/errors.js'
import { percent } from '../../dsl/kit/percent.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack, AttackSequence, Classifier } from '../common/attack.js'
import type { StageResult, TestBatch } from './evaluation.js'

/** Outputs that differ by more are random; the value of the official AutoAttack. */
const SAME_OUTPUT = 1e-4
/** Tolerance for probabilities and their sums; the value of the official AutoAttack. */
const PROBABILITY = 1e-5
/** Forward passes that are compared. */
const PASSES = 5

/** Square lowers the accuracy after gradient attacks by more than this fraction: a warning. */
const SQUARE_GAP = 0.002
/** Robust accuracy under PGD exceeds that under AutoAttack by more than this fraction: a warning. */
const PGD_GAP = 0.1

/** The attacks of a sequence, or the attack itself. */
export const stagesOf = (attack: Attack | AttackSequence): readonly Attack[] =>
  'stages' in attack ? attack.stages : [attack]

/** Warnings about a network before it is attacked, from its clean first batch: its figures may be misleading. */
export const adviceBefore = (
  classifier: Classifier,
  batch: TestBatch,
  attacks: readonly (Attack | AttackSequence)[],
): readonly string[] => {
  const stages = attacks.flatMap(stagesOf)
  if (stages.length === 0) return []
  const classes = batch.labels.shape[1]
  const averages = stages.some(({ config }) => Number(config.samples ?? 1) > 1)
  return [
    ...(averages ? [] : randomised(classifier, batch)),
    ...probabilities(classifier, batch),
    ...new Set(stages.flatMap(({ weaknesses }) => weaknesses?.(classes) ?? [])),
  ]
}

const randomised = (classifier: Classifier, { images }: TestBatch): readonly string[] => {
  const rows = images.shape[0]
  const outputs = Array.from({ length: PASSES }, () => normalised(logitsOf(classifier, images), rows))
  const [first = new Float64Array()] = outputs
  const gap = Math.max(
    ...outputs.map((other) =>
      longestRow(
        other.map((value, i) => value - (first[i] ?? 0)),
        rows,
      ),
    ),
  )
  return gap > SAME_OUTPUT
    ? ["the network's outputs are random: attack it with autoAttack's version 'rand', which averages gradients"]
    : []
}

/** Each row of logits, scaled to length 1. */
const normalised = (logits: Float32Array, rows: number): Float64Array => {
  const classes = logits.length / rows
  const lengths = Array.from({ length: rows }, (_, row) =>
    Math.hypot(...logits.subarray(row * classes, (row + 1) * classes)),
  )
  return Float64Array.from(logits, (value, i) => value / ((lengths[Math.floor(i / classes)] ?? 0) + 1e-10))
}

/** The largest L2 length of a row. */
const longestRow = (values: Float64Array, rows: number): number => {
  const width = values.length / rows
  return Array.from({ length: rows }, (_, row) =>
    Math.hypot(...values.subarray(row * width, (row + 1) * width)),
  ).reduce((longest, length) => Math.max(longest, length), 0)
}

const probabilities = (classifier: Classifier, { images }: TestBatch): readonly string[] => {
  const rows = images.shape[0]
  const outputs = logitsOf(classifier, images)
  const width = outputs.length / rows
  const isProbability = (row: number): boolean => {
    const values = outputs.subarray(row * width, (row + 1) * width)
    const sum = values.reduce((total, value) => total + value, 0)
    return Math.abs(sum - 1) < PROBABILITY && values.every((value) => value > -PROBABILITY && value < 1 + PROBABILITY)
  }
  return Array.from({ length: rows }, (_, row) => row).every(isProbability)
    ? ["the network's outputs are probabilities: attacks need logits, because a softmax in the network hides gradients"]
    : []
}

/** A warning if there are examples that an attack could not move, because its loss has no gradient there. */
export const adviceOnGradients = ({ attack, stage, attacked, withoutGradient }: StageResult): readonly string[] =>
  withoutGradient === 0
    ? []
    : [
        `${attack === stage ? stage : `${attack}/${stage}`}: its loss has no gradient on ` +
          `${percent(withoutGradient / attacked)} of the examples that it attacked (${withoutGradient} of ${attacked}): ` +
          `zero or not finite. ${attack === stage ? ALONE : `Only the other attacks of ${attack} can move them`}`,
      ]

const ALONE =
  'It cannot move them, so its figure says nothing about them. If the softmax underflows, the cross-entropy attacks ' +
  "take underflow: 'rescale', and autoAttack has other losses; otherwise only square counts"

/** A warning if Square broke many examples that the gradient attacks before it did not break. */
export const adviceOnSequence = (sequence: AttackSequence, results: readonly StageResult[]): readonly string[] => {
  const others = results.filter(({ stage }) => stage !== 'square')
  const square = results.find(({ stage }) => stage === 'square')
  const [before] = others.filter((result) => square && results.indexOf(result) < results.indexOf(square)).slice(-1)
  if (!square || !before || before.robust - square.robust <= SQUARE_GAP) return []
  return [
    `${sequence.name}: Square lowered the accuracy by ${points(before.robust - square.robust)} points after the ` +
      'gradient attacks: gradients may be misleading for this network, and stronger attacks may break more examples',
  ]
}

/**
 * Warnings if robust accuracy under an iterated attack is far above that under a sequence, with a likely reason.
 *
 * @param robust robust accuracy under each attack
 * @param saturatedShare share of the examples without a cross-entropy gradient in float32
 */
export const adviceOnGap = (
  attacks: readonly (Attack | AttackSequence)[],
  robust: Readonly<Record<string, number>>,
  saturatedShare: number,
): readonly string[] =>
  attacks.flatMap((sequence) => {
    const [first] = 'stages' in sequence ? sequence.stages : []
    if (!first) return []
    const figureOf = (name: string): number => robust[name] ?? Number.NaN
    return attacks.flatMap((alone) => {
      const isComparable =
        !('stages' in alone) && 'steps' in alone.config && alone.norm === first.norm && alone.epsilon === first.epsilon
      if (!isComparable || !(figureOf(alone.name) - figureOf(sequence.name) > PGD_GAP)) return []
      return [
        `robust accuracy is ${percent(figureOf(alone.name))} under ${alone.name} and ` +
          `${percent(figureOf(sequence.name))} under ${sequence.name}: quote ${sequence.name}${underflowOn(saturatedShare)}`,
      ]
    })
  })

/** Empty if the share would be printed as 0.0 %. */
const underflowOn = (share: number): string =>
  share < 5e-4 ? '' : `. On ${percent(share)} of the examples the cross-entropy gradient underflows`

const points = (fraction: number): string => (100 * fraction).toFixed(1)

/**
 * Refuses attacks whose figures could not be distinguished.
 *
 * @throws OptionError for two attacks of the same name, or one that is called `clean`
 */
export const checkNames = (stage: string, attacks: readonly (Attack | AttackSequence)[]): void => {
  const names = attacks.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) rejectOption(stage, 'attacks with different names', `"${twice}" twice`)
  if (attacks.flatMap((attack) => [attack, ...stagesOf(attack)]).some(({ name }) => name === 'clean'))
    rejectOption(stage, "an attack's name", '"clean", which marks examples that are misclassified without an attack')
}
