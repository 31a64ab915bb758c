import type { Tensor4D } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { lossesAndGradient } from '../../src/attacks/common/ascend.js'
import type { Attack } from '../../src/attacks/common/attack.js'
import { untargeted } from '../../src/attacks/common/losses.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import { runAttack } from '../../src/attacks/run.js'
import { softmaxCrossEntropy } from '../../src/engine/ops/softmaxCrossEntropy.js'
import { tf } from '../../src/engine/tf.js'
import { Student } from '../../src/training/network/network.js'
import { nonEmpty } from '../support/expectEvery.js'
import { describeGolden, readGolden, readPublicNetwork, readTestSet } from '../support/golden.js'
import { norm } from '../support/numbers.js'
import { testBatches } from '../support/testBatches.js'

interface Attacked {
  readonly logits: readonly (readonly number[])[]
  readonly ce: readonly number[]
  readonly delta_l2_per_image: readonly number[]
}

interface Values {
  readonly clean_ce: readonly number[]
  readonly input_grad_l2_per_image: readonly number[]
  readonly fgsm: Attacked
  readonly pgd10: Attacked
}

/**
 * float32 cannot decide the signs of a network's tiny gradients: the reference in float32 flips some against itself in
 * float64, most in image 1, whose gradient is 1e-8. So no test here sums adversarial pixels, and each image's tolerance
 * is the value below plus twice the distance of the two references for that image.
 */
const LOGIT = 0.05
const LOSS = 1e-3
const DELTA = 0.02

/** For losses down to 1e-9: float32's spacing at 1 is 1.2e-7. */
const CLEAN_LOSS = 5e-7

/** Relative, for input gradients of losses above 1e-5; the reference's float32 has an error of 2e-3. */
const GRADIENT = 5e-3

const gap = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - Number(b[i]))), 0)

describeGolden('attacks without randomness on mnist_fastat_pgd, 8 images', () => {
  const { float64, float32 } = readGolden<{ readonly float64: Values; readonly float32: Values }>('attacks')
  const batch = () => {
    const [first] = testBatches(readTestSet(8), 8, 8)
    if (!first) throw new Error('no test images')
    return first
  }

  const attacked = async (attack: Attack) => {
    const { architecture, weights } = await readPublicNetwork('mnist_fastat_pgd')
    const student = new Student(architecture, weights)
    const classifier = (images: Tensor4D) => student.logits(images)
    const found = tf.tidy(() => {
      const { images, labels, indices } = batch()
      const adversarial = runAttack(attack, { classifier, images, labels, indices, seed: 0 })
      const logits = classifier(adversarial)
      const delta = tf.sub(adversarial, images).dataSync()
      return {
        logits: logits.arraySync(),
        ce: Array.from(softmaxCrossEntropy(logits, labels).dataSync()),
        delta: Array.from({ length: 8 }, (_, i) => norm(delta.slice(i * 784, (i + 1) * 784))),
      }
    })
    student.dispose()
    return found
  }

  it.each([
    ['fgsm', fgsm({ epsilon: 0.3 })],
    ['pgd10', pgd({ epsilon: 0.3, steps: 10, stepSize: 0.03, start: 'image' })],
  ] as const)('%s: logits, losses and the length of the perturbation of each image', async (name, attack) => {
    const found = await attacked(attack)
    const [truth, rounded] = [float64[name], float32[name]]
    for (const [i, logits] of nonEmpty(truth.logits.entries())) {
      const spread = gap(rounded.logits[i] ?? [], logits)
      expect(gap(found.logits[i] ?? [], logits), `logits of image ${i}`).toBeLessThan(LOGIT + 2 * spread)
      const [loss, delta] = [Number(truth.ce[i]), Number(truth.delta_l2_per_image[i])]
      const lossSpread = Math.abs(loss - Number(rounded.ce[i]))
      expect(Math.abs(Number(found.ce[i]) - loss), `loss of image ${i}`).toBeLessThan(LOSS + 2 * lossSpread)
      const deltaSpread = Math.abs(delta - Number(rounded.delta_l2_per_image[i]))
      expect(Math.abs(Number(found.delta[i]) - delta), `length in image ${i}`).toBeLessThan(DELTA + 2 * deltaSpread)
    }
  })

  it('losses and input gradients of the clean images', async () => {
    const { architecture, weights } = await readPublicNetwork('mnist_fastat_pgd')
    const student = new Student(architecture, weights)
    const classifier = (images: Tensor4D) => student.logits(images)
    const found = tf.tidy(() => {
      const { images, labels } = batch()
      const gradient = lossesAndGradient(classifier, images, untargeted.ce(labels)).gradient.dataSync()
      return {
        ce: Array.from(softmaxCrossEntropy(classifier(images), labels).dataSync()),
        l2: Array.from({ length: 8 }, (_, i) => norm(gradient.slice(i * 784, (i + 1) * 784))),
      }
    })
    student.dispose()
    expect(gap(found.ce, float64.clean_ce)).toBeLessThan(CLEAN_LOSS)
    const measurable = float64.clean_ce.flatMap((loss, i) => (loss > 1e-5 ? [i] : []))
    expect(measurable.length).toBe(5)
    for (const i of measurable) {
      const ratio = Number(found.l2[i]) / Number(float64.input_grad_l2_per_image[i])
      expect(Math.abs(ratio - 1), `image ${i}`).toBeLessThan(GRADIENT)
    }
  })
})
