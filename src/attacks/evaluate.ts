import { setImmediate } from 'node:timers/promises'
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../dsl/errors.js'
import type { Accuracies } from '../dsl/events.js'
import { tf } from '../engine/tf.js'
import type { Attack, Classifier } from './attack.js'

/** One batch of test examples; the evaluator frees its tensors. */
export interface TestBatch {
  readonly images: Tensor4D
  readonly labels: Tensor2D
  readonly indices: Uint32Array
}

export interface Evaluation {
  readonly classifier: Classifier
  readonly attacks: readonly Attack[]
  /** Number of examples, over all batches. */
  readonly examples: number
  /** The batches, made one at a time; gone through once for each attack. */
  readonly batches: () => Iterable<TestBatch>
  readonly seed: number
  readonly signal: AbortSignal
  /** `clean` or an attack's name, and how many examples it has done. */
  readonly onProgress: (attack: string, done: number) => void
}

/** How far float32 may carry a perturbation over ε. */
const TOLERANCE = 1e-6

/**
 * Clean accuracy, and robust accuracy under each attack: the share of examples that are classified correctly as they
 * are and after the attack. The event loop turns between batches. What an attack returns is checked: inside the
 * ε-ball, inside [0, 1], no NaN.
 *
 * @throws RunError for an attack that breaks its threat model or a network whose logits are not finite; what
 * `signal` is aborted with
 */
export const evaluate = async (evaluation: Evaluation): Promise<Accuracies> => {
  const { classifier, attacks, examples, batches, seed, signal, onProgress } = evaluation
  const whole = new Map<number, boolean>()
  let done = 0
  for (const { images, labels, indices } of batches()) {
    freeing([images, labels], () => {
      for (const [i, right] of correct(classifier, images, labels).entries()) whole.set(indices[i] ?? 0, right)
    })
    done += indices.length
    onProgress('clean', done)
    await breathe(signal)
  }
  const robust: Record<string, number> = {}
  for (const attack of attacks) {
    let survivors = 0
    let attacked = 0
    for (const { images, labels, indices } of batches()) {
      freeing([images, labels], () => {
        const adversarial = attack.perturb({ classifier, images, labels, indices, seed })
        freeing([adversarial], () => {
          checkThreatModel(attack, images, adversarial)
          for (const [i, right] of correct(classifier, adversarial, labels).entries())
            if (right && whole.get(indices[i] ?? 0)) survivors += 1
        })
      })
      attacked += indices.length
      onProgress(attack.name, attacked)
      await breathe(signal)
    }
    robust[attack.name] = survivors / examples
  }
  const clean = [...whole.values()].filter(Boolean).length / examples
  return { clean, attacks: robust, examples }
}

/** Frees the tensors afterwards, also where `act` throws. */
const freeing = (tensors: Tensor[], act: () => void): void => {
  try {
    act()
  } finally {
    tf.dispose(tensors)
  }
}

const breathe = async (signal: AbortSignal): Promise<void> => {
  await setImmediate()
  signal.throwIfAborted()
}

const correct = (classifier: Classifier, images: Tensor4D, labels: Tensor2D): readonly boolean[] => {
  const [right, extreme] = tf.tidy(() => {
    const logits = classifier(images)
    return [
      tf.equal(tf.argMax(logits, 1), tf.argMax(labels, 1)).dataSync(),
      tf.max(tf.abs(logits)).dataSync()[0] ?? Number.NaN,
    ] as const
  })
  if (!Number.isFinite(extreme))
    throw new PwoaFailure({ _tag: 'RunError', stage: 'attackEval', expected: 'finite logits', actual: String(extreme) })
  return Array.from(right, Boolean)
}

const checkThreatModel = ({ name, epsilon }: Attack, images: Tensor4D, adversarial: Tensor4D): void => {
  const [distance, low, high] = tf.tidy(() =>
    [tf.max(tf.abs(tf.sub(adversarial, images))), tf.min(adversarial), tf.max(adversarial)].map(
      (value) => value.dataSync()[0] ?? Number.NaN,
    ),
  ) as [number, number, number]
  const refuse = (expected: string, actual: string): never => {
    throw new PwoaFailure({ _tag: 'RunError', stage: name, expected, actual })
  }
  if (!(distance <= epsilon + TOLERANCE)) refuse(`perturbations of at most ${epsilon}`, `${distance}`)
  if (!(low >= 0 && high <= 1)) refuse('images in [0, 1]', `${low} … ${high}`)
}
