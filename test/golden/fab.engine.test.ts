import type { Tensor4D } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { logitsOf } from '../../src/attacks/common/ascend.js'
import { classesOf } from '../../src/attacks/common/predictions.js'
import { targetsOf } from '../../src/attacks/common/targets.js'
import { fabWalk, planeTowards } from '../../src/attacks/fab/fabWalk.js'
import { tf } from '../../src/engine/tf.js'
import { linfPlane, stepToPlane } from '../../src/math/hyperplane.js'
import { Student } from '../../src/training/network/network.js'
import { nonEmpty } from '../support/expectEvery.js'
import { describeGolden, readGolden, readPublicNetwork, readTestSet } from '../support/golden.js'
import { distance } from '../support/numbers.js'
import { testBatches } from '../support/testBatches.js'

interface Golden {
  readonly fab_projection_linf_f64: {
    readonly t: readonly (readonly number[])[]
    readonly w: readonly (readonly number[])[]
    readonly b: readonly number[]
    readonly d: readonly (readonly number[])[]
  }
  readonly float32: {
    readonly fab_targeted_linf_100it: Readonly<
      Record<string, { readonly linf_dist: readonly number[]; readonly pred: readonly number[] }>
    >
  }
}

/** Points, weights and steps are rounded to float32 here. */
const ROUNDING = 1e-6

/**
 * Relative, for distances of 0.33 after 100 steps in float32. The native engine agrees to 4e-7. The portable engine's
 * kernels sum in another order, so that one of 16 walks takes another path and ends 9e-4 shorter or longer.
 */
const DISTANCE = 2e-3

const EXAMPLES = 8

describeGolden('FAB', () => {
  const golden = readGolden<Golden>('autoattack')

  it('steps to planes within [0, 1]; the box does not reach one of them', () => {
    const { t, w, b, d } = golden.fab_projection_linf_f64
    expect(t).toHaveLength(6)
    for (const [row, point] of t.entries()) {
      const weights = w[row] ?? []
      const excess = point.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0) - (b[row] ?? 0)
      const step = new Float32Array(point.length)
      stepToPlane(linfPlane, Float32Array.from(point), Float32Array.from(weights), excess, step)
      expect(distance(step, d[row] ?? []), `row ${row}`).toBeLessThan(ROUNDING)
    }
  })

  it.each(Object.entries(golden.float32.fab_targeted_linf_100it))(
    'target of rank %s, 100 steps from the image',
    async (rank, truth) => {
      const { architecture, weights } = await readPublicNetwork('mnist_fastat_pgd')
      const student = new Student(architecture, weights)
      const classifier = (images: Tensor4D) => student.logits(images)
      const [batch] = testBatches(readTestSet(EXAMPLES), EXAMPLES, EXAMPLES)
      if (!batch) throw new Error('no test images')
      const classes = classesOf(batch.labels)
      const target = targetsOf(logitsOf(classifier, batch.images), EXAMPLES, Number(rank) - 1)
      const walk = fabWalk({
        norm: 'Linf',
        epsilon: 0.3,
        search: 'shortest',
        steps: 100,
        alphaMax: 0.1,
        eta: 1.05,
        beta: 0.9,
        name: 'fab-t',
        attempt: { ...batch, classifier, classes, seed: 0, number: 0, onBroken: () => undefined },
        start: 'image',
        boundary: (images) => planeTowards(classifier, images, classes, target),
      })
      let ended = walk.next()
      while (!ended.done) ended = walk.next()
      tf.dispose([batch.images, batch.labels])
      student.dispose()
      expect(Array.from(target)).toEqual(truth.pred)
      for (const [row, length] of nonEmpty(truth.linf_dist.entries())) {
        expect(Math.abs(Number(ended.value[row]) / length - 1), `image ${row}`).toBeLessThan(DISTANCE)
      }
    },
  )
})
