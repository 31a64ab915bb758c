import { PwoaFailure } from '../../dsl/errors.js'
import { logitsOf } from '../common/ascend.js'
import type { Classifier } from '../common/attack.js'
import { checkInput } from '../common/defineAttack.js'
import { classesOf, predictionsOf } from '../common/predictions.js'
import type { TestBatch } from './evaluation.js'
import type { CleanRecord } from './records.js'

/** Half a float32 step below 1: a number that is closer to 1 rounds to 1. */
const NEXT_TO_ONE = 2 ** -25

/**
 * Finds the examples that are misclassified without an attack, and counts the others whose cross-entropy gradient at the
 * true class is 0 in float32: the network is so certain that softmax_y rounds to 1, and softmax_y − 1 to 0.
 *
 * @throws RunError for images outside [0, 1], labels out of range, logits that are not finite, or a network with
 * a different number of classes
 */
export const cleanBatch = (
  classifier: Classifier,
  { images, labels }: TestBatch,
  indices: Uint32Array,
): CleanRecord => {
  checkInput('attackEval', { classifier, images, labels, indices, seed: 0 })
  const logits = logitsOf(classifier, images)
  const [, classes] = labels.shape
  if (logits.length !== indices.length * classes) throw otherClasses(classes, logits.length / indices.length)
  const truth = classesOf(labels)
  const guesses = predictionsOf(logits, classes)
  const correct = Array.from(truth.keys()).filter((row) => guesses[row] === truth[row])
  return {
    labels: Array.from(truth),
    wrong: Array.from(indices).filter((_, row) => guesses[row] !== truth[row]),
    saturated: correct.filter(
      (row) => otherProbability(logits.subarray(row * classes, (row + 1) * classes), truth[row] ?? 0) < NEXT_TO_ONE,
    ).length,
  }
}

/** 1 − softmax_y, computed without cancellation. */
const otherProbability = (logits: Float32Array, label: number): number => {
  const others = logits.reduce((sum, z, c) => sum + (c === label ? 0 : Math.exp(z - (logits[label] ?? 0))), 0)
  return others / (1 + others)
}

const otherClasses = (expected: number, found: number): PwoaFailure =>
  new PwoaFailure({
    _tag: 'RunError',
    stage: 'attackEval',
    expected: `a logit for each of the ${expected} classes of the data`,
    actual: `${found}`,
  })
