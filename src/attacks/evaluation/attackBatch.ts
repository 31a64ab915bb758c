import { setImmediate } from 'node:timers/promises'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { numbersOf } from '../../engine/ops/numbersOf.js'
import { tf } from '../../engine/tf.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack, AttackInput } from '../common/attack.js'
import { gradientCount } from '../common/gradientWatch.js'
import { norms } from '../common/norms.js'
import { classesOf, predictionsOf } from '../common/predictions.js'
import type { BatchRecord } from './records.js'
import { checkThreatKept } from './threatKept.js'

/** A batch, and the attack on it. */
export interface BatchWork {
  readonly attack: Attack
  /** Its tensors belong to the caller. */
  readonly input: AttackInput
  /** How many adversarial images the record keeps at most. */
  readonly keepImages: number
  /** Ends the attack between two of its steps if it is aborted. */
  readonly signal: AbortSignal
  /** What to wait for between two steps, if anything. */
  readonly resting: () => Promise<void> | undefined
  /** Receives the share of the work on the batch that is done. */
  readonly onShare: (share: number) => void
}

/**
 * Attacks a batch and checks the result: which images are misclassified, and whether all are within ε and [0, 1]. The
 * event loop gets a turn between two steps of the attack.
 *
 * @throws RunError if an image is outside ε or [0, 1]
 * @throws the reason of `signal` if it is aborted
 */
export const attackBatch = async (work: BatchWork): Promise<BatchRecord> => {
  const { attack, input, keepImages } = work
  const started = performance.now()
  const gradients = gradientCount()
  const adversarial = await runToEnd({ ...work, input: { ...input, onGradient: gradients.watch } })
  try {
    const lengths = checkedLengths(attack, input.images, adversarial)
    const guesses = predictionsOf(logitsOf(input.classifier, adversarial), input.labels.shape[1])
    const classes = classesOf(input.labels)
    const rows = Array.from(classes.keys()).filter((row) => guesses[row] !== classes[row])
    const isBlind = (row: number): boolean => gradients.isBlind(input.indices[row] ?? 0)
    return {
      broken: rows.map((row) => [input.indices[row] ?? 0, lengths[row] ?? 0]),
      shown: rows.slice(0, keepImages).map((row) => ({
        index: input.indices[row] ?? 0,
        guess: guesses[row] ?? 0,
        image: base64(imageOf(adversarial, row)),
      })),
      withoutGradient: Array.from(classes.keys()).filter((row) => guesses[row] === classes[row] && isBlind(row)).length,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    adversarial.dispose()
  }
}

const runToEnd = async ({ attack, input, signal, resting, onShare }: BatchWork): Promise<Tensor4D> => {
  const perturbing = attack.perturb(input)
  try {
    for (;;) {
      const { done, value } = perturbing.next()
      if (done) return value
      onShare(value)
      await setImmediate()
      await resting()
      signal.throwIfAborted()
    }
  } finally {
    // Frees the tensors of an attack that did not reach its end. On a finished attack this does nothing.
    perturbing.return(undefined as never)
  }
}

/** Lengths of the perturbations, n. @throws RunError if an image is outside ε or [0, 1] */
const checkedLengths = (attack: Attack, images: Tensor4D, adversarial: Tensor4D): Float32Array => {
  const [low = Number.NaN, high = Number.NaN] = tf.tidy(() => [
    tf.min(adversarial).dataSync()[0],
    tf.max(adversarial).dataSync()[0],
  ])
  const lengths = numbersOf(() => norms[attack.norm].lengths(tf.sub(adversarial, images)))
  checkThreatKept(attack, { lengths, low, high })
  return lengths
}

const imageOf = (images: Tensor4D, row: number): Float32Array => numbersOf(() => tf.slice(images, row, 1))

const base64 = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
