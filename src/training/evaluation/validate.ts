import type { Attack } from '../../attacks/common/attack.js'
import { classesOf } from '../../attacks/common/predictions.js'
import { attackFor } from '../../attacks/common/shortened.js'
import { runAttack } from '../../attacks/run.js'
import type { Dataset, Split } from '../../dsl/dataset.js'
import type { Accuracies } from '../../dsl/figures.js'
import { tf } from '../../engine/tf.js'
import { imagesOf, labelsOf } from '../network/images.js'
import type { Network } from '../network/network.js'
import { meterValidation } from './timeEvaluation.js'

const BATCH = 250

/**
 * Clean and robust accuracy of a network in training on some images. Nothing is recorded. An example counts as robust if
 * it is classified correctly and the attack's final image does not change the prediction.
 *
 * @param seed of the attack's random starts
 */
export const validate = (
  network: Network,
  attack: Attack,
  split: Split,
  data: Pick<Dataset, 'shape' | 'classes' | 'trial'>,
  seed: number,
): Accuracies => {
  const { shape, classes } = data
  const chosen = attackFor(data, attack)
  const began = performance.now()
  let [clean, robust] = [0, 0]
  for (let begin = 0; begin < split.count; begin += BATCH) {
    const indices = Uint32Array.from({ length: Math.min(BATCH, split.count - begin) }, (_, i) => begin + i)
    // All tensors are freed, even if the attack throws.
    const [before, after] = tf.tidy(() => {
      const images = imagesOf(split, shape, indices)
      const labels = labelsOf(split, classes, indices)
      const attacked = runAttack(chosen, { classifier: (x) => network.logits(x), images, labels, indices, seed })
      return [images, attacked].map((x) => classesOf(network.logits(x)))
    })
    for (const [i, index] of indices.entries()) {
      const label = split.labels[index]
      if (before?.[i] !== label) continue
      clean += 1
      if (after?.[i] === label) robust += 1
    }
  }
  meterValidation(data.trial, attack, split.count, (performance.now() - began) / 1000)
  return { clean: clean / split.count, attacks: { [attack.name]: robust / split.count }, examples: split.count }
}
