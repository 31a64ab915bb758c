import { setImmediate } from 'node:timers/promises'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../../dsl/errors.js'
import { tf } from '../../engine/tf.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack, AttackInput } from '../common/attack.js'
import { type NormName, norms } from '../common/norms.js'
import { classesOf, predictionsOf } from '../common/predictions.js'
import type { BatchRecord } from './records.js'

/** How far float32 may carry the length of a perturbation over ε: half a step below 1, and a sum's rounding in L2. */
const tolerances: Readonly<Record<NormName, (epsilon: number) => number>> = {
  Linf: () => 1e-6,
  L2: (epsilon) => 1e-6 + 1e-5 * epsilon,
}

export interface BatchWork {
  readonly attack: Attack
  /** Its tensors are the caller's. */
  readonly input: AttackInput
  readonly keepImages: number
  readonly signal: AbortSignal
  readonly resting: () => Promise<void> | undefined
  /** Told the share of the batch's work that is done. */
  readonly onShare: (share: number) => void
}

/**
 * Attacks a batch and looks at the result itself: which images are misclassified, whether they lie within ε and
 * [0, 1]. The event loop turns wherever the attack lets it.
 *
 * @throws RunError for an attack that breaks its threat model; what `signal` is aborted with
 */
export const attackBatch = async (work: BatchWork): Promise<BatchRecord> => {
  const { attack, input, keepImages } = work
  const started = performance.now()
  const adversarial = await perturbed(work)
  try {
    const lengths = checkedLengths(attack, input.images, adversarial)
    const guesses = predictionsOf(logitsOf(input.classifier, adversarial), input.labels.shape[1])
    const classes = classesOf(input.labels)
    const rows = Array.from(classes.keys()).filter((row) => guesses[row] !== classes[row])
    return {
      broken: rows.map((row) => [input.indices[row] ?? 0, lengths[row] ?? 0]),
      shown: rows.slice(0, keepImages).map((row) => ({
        index: input.indices[row] ?? 0,
        guess: guesses[row] ?? 0,
        image: base64(imageOf(adversarial, row)),
      })),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    adversarial.dispose()
  }
}

const perturbed = async ({ attack, input, signal, resting, onShare }: BatchWork): Promise<Tensor4D> => {
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
    // Frees what an attack holds that is left half-way; nothing to do for one that is done.
    perturbing.return(undefined as never)
  }
}

const checkedLengths = ({ name, norm, epsilon }: Attack, images: Tensor4D, adversarial: Tensor4D): Float32Array => {
  const refuse = (expected: string, actual: string): never => {
    throw new PwoaFailure({ _tag: 'RunError', stage: name, expected, actual })
  }
  const [low = Number.NaN, high = Number.NaN] = tf.tidy(() => [
    tf.min(adversarial).dataSync()[0],
    tf.max(adversarial).dataSync()[0],
  ])
  const lengths = tf.tidy(() => norms[norm].lengths(tf.sub(adversarial, images)).dataSync<'float32'>())
  const most = epsilon + tolerances[norm](epsilon)
  const long = lengths.find((length) => !(length <= most))
  if (long !== undefined) refuse(`perturbations of at most ${epsilon}`, `${long}`)
  if (!(low >= 0 && high <= 1)) refuse('images in [0, 1]', `${low} … ${high}`)
  return lengths
}

const imageOf = (images: Tensor4D, row: number): Float32Array =>
  tf.tidy(() => tf.slice(images, row, 1).dataSync<'float32'>())

const base64 = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
