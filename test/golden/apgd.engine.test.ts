import type { Tensor4D } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { autoPgd } from '../../src/attacks/apgd/autoPgd.js'
import { stepSizes } from '../../src/attacks/apgd/stepSizes.js'
import { logitsOf } from '../../src/attacks/common/ascend.js'
import { dlr, type Losses, targetedDlr, untargeted } from '../../src/attacks/common/losses.js'
import { norms } from '../../src/attacks/common/norms.js'
import { classesOf } from '../../src/attacks/common/predictions.js'
import { targetsOf } from '../../src/attacks/common/targets.js'
import { tf } from '../../src/engine/tf.js'
import { Student } from '../../src/training/network/network.js'
import { nonEmpty } from '../support/expectEvery.js'
import { describeGolden, readGolden, readPublicNetwork, readTestSet } from '../support/golden.js'
import { testBatches } from '../support/testBatches.js'

interface Run {
  readonly loss_best: readonly number[]
  readonly still_correct: readonly boolean[]
  readonly x_best_sum: readonly number[]
}

type Values = Readonly<Record<'ce' | 'dlr', readonly number[]>> & {
  readonly dlr_targeted: Readonly<
    Record<string, { readonly target: readonly number[]; readonly loss: readonly number[] }>
  >
} & Readonly<Record<`apgd_${string}`, Run>>

interface Golden {
  readonly apgd_checkpoints: Readonly<Record<string, { readonly completed_iterations: readonly number[] }>>
  readonly float64: Values
  readonly float32: Values
}

/** Losses are at most a few units, in float32: cross entropy is accurate to 1e-7, the ratios to 6 digits. */
const LOSS = 2e-6

/** For the sum of 784 pixels: one sign that float32 flips in one step changes it by up to 0.6. */
const SUM = 0.5

/** A network, the first test images, and their logits. */
const setting = async (count: number) => {
  const { architecture, weights } = await readPublicNetwork('mnist_fastat_pgd')
  const student = new Student(architecture, weights)
  const [batch] = testBatches(readTestSet(count), count, count)
  if (!batch) throw new Error('no test images')
  const classifier = (images: Tensor4D) => student.logits(images)
  const logits = logitsOf(classifier, batch.images)
  const free = (): void => {
    tf.dispose([batch.images, batch.labels])
    student.dispose()
  }
  return { ...batch, classes: classesOf(batch.labels), classifier, logits, free }
}

describeGolden('Auto-PGD', () => {
  const golden = readGolden<Golden>('autoattack')

  it('losses of the clean images: cross entropy, the ratio, and the ratio towards each target', async () => {
    const { images, labels, classes, classifier, logits, free } = await setting(16)
    const valuesOf = (losses: Losses): readonly number[] =>
      tf.tidy(() => Array.from(losses(classifier(images)).dataSync()))
    const gap = (found: readonly number[], truth: readonly number[]): number =>
      found.reduce((largest, value, i) => Math.max(largest, Math.abs(value - Number(truth[i]))), 0)
    expect(gap(valuesOf(untargeted.ce(labels)), golden.float64.ce)).toBeLessThan(LOSS)
    expect(gap(valuesOf(dlr(classes)), golden.float64.dlr)).toBeLessThan(LOSS)
    const ranks = Object.entries(golden.float64.dlr_targeted)
    expect(ranks).toHaveLength(9)
    for (const [rank, { target, loss }] of ranks) {
      const targets = targetsOf(logits, classes.length, Number(rank) - 1)
      expect(Array.from(targets), `targets of rank ${rank}`).toEqual(target)
      expect(gap(valuesOf(targetedDlr(classes, targets)), loss), `rank ${rank}`).toBeLessThan(LOSS)
    }
    free()
  })

  it.each(Object.keys(golden.apgd_checkpoints))('checkpoints of %s iterations', (steps) => {
    // If the loss never grows, the step size is halved at every checkpoint.
    const sizes = stepSizes(Float32Array.of(0), 1, Number(steps))
    const checkpoints = Array.from({ length: Number(steps) }, (_, i) => i + 1).filter(() => {
      sizes.update(Float32Array.of(-1))
      return sizes.checkpoint() !== undefined
    })
    expect(checkpoints).toEqual(golden.apgd_checkpoints[steps]?.completed_iterations)
  })

  it.each([
    ['ce', 10],
    ['dlr', 10],
    ['dlr-targeted', 100],
    ['dlr', 100],
    ['ce', 100],
  ] as const)('%s from the image, %d iterations: best losses, and which examples stay correct', async (loss, steps) => {
    const { images, labels, classes, classifier, logits, free } = await setting(8)
    const targets = targetsOf(logits, classes.length, 1)
    const some = (all: Int32Array, rows: Int32Array): Int32Array => rows.map((row) => all[row] ?? 0)
    const objectives = {
      ce: untargeted.ce,
      dlr: untargeted.dlr,
      'dlr-targeted': (_: unknown, rows: Int32Array) => targetedDlr(some(classes, rows), some(targets, rows)),
    }
    const broken = new Set<number>()
    const found = new Map<number, { readonly loss: number; readonly sum: number }>()
    const run = autoPgd(
      {
        classifier,
        images,
        labels,
        classes,
        indices: Uint32Array.from(classes.keys()),
        norm: norms.Linf,
        epsilon: 0.3,
        steps,
        samples: 1,
        delta: tf.zerosLike(images),
        objective: objectives[loss],
        onBroken: (row) => void broken.add(row),
      },
      ({ rows, bestLosses, bestImages }) => {
        const sums = tf.tidy(() => tf.sum(bestImages, [1, 2, 3]).dataSync())
        for (const [i, row] of rows.entries()) found.set(row, { loss: Number(bestLosses[i]), sum: Number(sums[i]) })
      },
    )
    while (!run.next().done);
    free()
    const key = `apgd_${loss}_xinit=x${loss === 'dlr-targeted' ? '_target2' : ''}_n${steps}` as const
    const [truth, rounded] = [golden.float64[key], golden.float32[key]]
    if (!truth || !rounded) throw new Error(`no ${key}`)
    expect([...broken].sort()).toEqual(truth.still_correct.flatMap((still, row) => (still ? [] : [row])))
    for (const [row, expected] of nonEmpty(truth.loss_best.entries())) {
      // The attack drops a broken row, so its loss stops growing here.
      if (broken.has(row)) continue
      const spread = Math.abs(expected - Number(rounded.loss_best[row]))
      const gap = Math.abs(Number(found.get(row)?.loss) - expected)
      expect(gap, `loss of image ${row}`).toBeLessThan(LOSS + 2 * spread)
      const sums = [found.get(row)?.sum, truth.x_best_sum[row], rounded.x_best_sum[row]].map(Number)
      const [sum = Number.NaN, sum64 = Number.NaN, sum32 = Number.NaN] = sums
      expect(Math.abs(sum - sum64), `sum of image ${row}`).toBeLessThan(SUM + 2 * Math.abs(sum64 - sum32))
    }
  })
})
