import { expect, it } from 'vitest'
import { logitsOf } from '../../src/attacks/common/ascend.js'
import type { Classifier } from '../../src/attacks/common/attack.js'
import { predictionsOf } from '../../src/attacks/common/predictions.js'
import { runAttack } from '../../src/attacks/run.js'
import { square } from '../../src/attacks/square/square.js'
import { tf } from '../../src/engine/tf.js'
import { Student } from '../../src/training/network/network.js'
import { describeGolden, readPublicNetwork, readTestSet } from '../support/golden.js'
import { testBatches } from '../support/testBatches.js'

describeGolden('Square on a public network', () => {
  /**
   * Survivors of the first 100 test images after 500 queries: the official code leaves 88 to 90 in L∞ 0.3 (8 seeds) and
   * 52 to 55 in L2 2 (6 seeds).
   */
  it.each([
    ['Linf', 0.3, 88, 90],
    ['L2', 2, 50, 57],
  ] as const)('%s %d: as many survive as under the official code', async (norm, epsilon, least, most) => {
    const { architecture, weights } = await readPublicNetwork('mnist_fastat_fgsm')
    const student = new Student(architecture, weights)
    const [batch] = testBatches(readTestSet(100), 100, 100)
    if (!batch) throw new Error('no test images')
    const classifier: Classifier = (images) => student.logits(images)
    const indices = Uint32Array.from({ length: 100 }, (_, i) => i)
    const found = runAttack(square({ epsilon, norm, queries: 500 }), { ...batch, classifier, indices, seed: 0 })
    const guesses = predictionsOf(logitsOf(classifier, found), 10)
    const labels = readTestSet(100).test.labels
    const survivors = guesses.filter((guess, i) => guess === labels[i]).length
    tf.dispose([found, batch.images, batch.labels])
    student.dispose()
    expect(survivors).toBeGreaterThanOrEqual(least)
    expect(survivors).toBeLessThanOrEqual(most)
  })
})
