import { PwoaFailure } from '../../dsl/errors.js'
import { tf } from '../../engine/tf.js'
import type { Attack, AttackInput } from './attack.js'

/** The attack, with a check of its input before any work. @throws RunError as {@link checkInput}, from `perturb` */
export const defineAttack = (attack: Attack): Attack => ({
  ...attack,
  *perturb(input) {
    checkInput(attack.name, input)
    return yield* attack.perturb(input)
  },
})

/**
 * Refuses input that no attack can work on.
 *
 * @throws RunError for images outside [0, 1], labels that are not one-hot, or different numbers of images, labels and
 * indices
 */
export const checkInput = (stage: string, { images, labels, indices }: AttackInput): void => {
  const refuse = (expected: string, actual: string): never => {
    throw new PwoaFailure({ _tag: 'RunError', stage, expected, actual })
  }
  const [examples] = images.shape
  if (labels.shape[0] !== examples || indices.length !== examples)
    refuse('as many labels and indices as images', `${examples}, ${labels.shape[0]} and ${indices.length}`)
  if (examples === 0) return
  const [low = Number.NaN, high = Number.NaN, sum = Number.NaN, largest = Number.NaN] = tf.tidy(() => {
    const rows = tf.sum(tf.abs(labels), 1)
    // One-hot encoding turns a label that is out of range into a row of zeros.
    const figures = [tf.min(images), tf.max(images), tf.max(tf.abs(tf.sub(rows, 1))), tf.min(tf.max(labels, 1))]
    return figures.map((figure) => figure.dataSync()[0])
  })
  if (!(low >= 0 && high <= 1)) refuse('images in [0, 1]', `values from ${low} to ${high}`)
  if (!(sum === 0 && largest === 1)) refuse('one-hot labels, each a class of the network', 'a label out of range')
}
