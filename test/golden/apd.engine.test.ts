/** Steps of APD against PyTorch: scripts/golden_apd.py. */

import { readFileSync } from 'node:fs'
import { isLeft } from 'fp-ts/lib/Either.js'
import { tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../src/dsl/dataset.js'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { flatten, linear } from '../../src/models/layers/layers.js'
import { packNetwork, unpackWeights } from '../../src/models/parameters/weights.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { apd } from '../../src/pipelines/apd.js'
import { constant } from '../../src/training/step/schedule.js'
import { sgd } from '../../src/training/step/sgd.js'
import { collect, fakeRun } from '../support/context.js'
import { expectClose, expectEach } from '../support/expectClose.js'
import { nonEmpty } from '../support/expectEvery.js'
import { fixedAttack } from '../support/fixedAttack.js'
import { seededNumbers } from '../support/numbers.js'
import { checkpointFile, lentSteps, weightsOf } from '../support/steps.js'
import { seededState } from '../support/torchValues.js'

const patterns = ['irregular', 'filter', 'column'] as const

interface TakenStep {
  readonly loss: number
  readonly weights: Readonly<Record<string, readonly number[]>>
  /** By layer; absent in retraining. */
  readonly thresholds?: readonly number[]
}

interface Golden {
  readonly settings: {
    readonly examples: number
    readonly side: number
    readonly hidden: number
    readonly images: number
    readonly attack: number
    readonly teacher: number
    readonly apd: {
      readonly rate: number
      readonly steps: number
      readonly lr: number
      readonly retrain_lr: number
      readonly temperature: number
      readonly alpha: number
    }
    readonly margin: number
    readonly tensors: readonly (readonly [string, readonly number[]])[]
  }
  readonly trajectories: Readonly<Record<(typeof patterns)[number], readonly TakenStep[]>>
}

const golden: Golden = JSON.parse(readFileSync(new URL('apd.json', import.meta.url), 'utf8'))
const { examples, side, hidden, images, attack, teacher, apd: settings, margin, tensors } = golden.settings

/**
 * Relative to the largest value of the list. The values are in float64; PyTorch's own float32 differs by up to 1.1e-6
 * (`float32` in the file). This is about ten times that.
 */
const TOLERANCE = 1e-5

const CLASSES = 3
const shape = { height: side, width: side, channels: 1 }
const network = architecture('linear', shape, [
  flatten(),
  linear('fc1', { out: hidden }),
  linear('fc2', { out: CLASSES }),
])

const size = side * side
const pixels = Uint8Array.from(seededNumbers(images, examples * size), (value) => Math.floor((value + 1) * 128))
const split = { count: examples, images: pixels, labels: Uint16Array.from({ length: examples }, (_, i) => i % CLASSES) }
const data: Dataset = { name: 'seeded', origin: 'synthetic', classes: CLASSES, shape, train: split, test: split }

const start = (): Float32Array => {
  const packed = packNetwork('test', 'seeded', network, seededState(tensors))
  if (isLeft(packed)) throw new Error(describeError(packed.left))
  return packed.right.weights
}

const trajectoryOf = async (pattern: (typeof patterns)[number]) => {
  const fake = fakeRun({ data })
  const recipe = { optimizer: sgd({ momentum: 0 }), schedule: constant() }
  // All examples are one minibatch, so an epoch is a step.
  const steps = lentSteps(fake, examples).pipe(
    loadTeacher(checkpointFile(seededState(tensors, teacher)), { architecture: network }),
    // Otherwise the student would start as its teacher.
    tap(({ student, minibatch }) => minibatch.epoch === 0 && student.replaceWeights(tf.tensor1d(start()))),
    apd(fixedAttack(seededNumbers(images + 1, examples * size), attack), {
      pattern,
      rate: settings.rate,
      epochs: settings.steps,
      retrainEpochs: 1,
      updateEvery: 1,
      prune: { ...recipe, learningRate: settings.lr },
      retrain: { ...recipe, learningRate: settings.retrain_lr },
      distill: { temperature: settings.temperature, alpha: settings.alpha },
    }),
  )
  const seen = await collect(steps, ({ training, student }) => ({
    loss: training.loss,
    weights: weightsOf(student),
    values: fake.save().states.proximalMask?.values ?? {},
  }))
  fake.end()
  return seen
}

describe.each(patterns)('pattern %s', (pattern) => {
  it('three proximal steps, and one under the resulting mask: losses, thresholds, weights', async () => {
    // A score closer to its threshold than the precision of float32 could fall on either side.
    expect(margin).toBeGreaterThan(100 * TOLERANCE)
    const expected = golden.trajectories[pattern]
    const seen = await trajectoryOf(pattern)
    expect(seen).toHaveLength(settings.steps + 1)
    expect(expected).toHaveLength(settings.steps + 1)
    for (const [i, { loss, weights, thresholds }] of expected.entries()) {
      const step = seen[i]
      expectClose([step?.loss ?? Number.NaN], [loss], TOLERANCE, `loss of step ${i}`)
      const found = unpackWeights(network, step?.weights ?? new Float32Array(0))
      expectEach(found, weights, TOLERANCE)
      for (const [name, values] of nonEmpty(Object.entries(weights)))
        expect(Array.from(found.get(name)?.data ?? [], Boolean), `${name}: what is 0`).toEqual(values.map(Boolean))
      // The last step is one of retraining, without thresholds.
      const limits = i < settings.steps ? nonEmpty(thresholds ?? []) : []
      for (const [layer, threshold] of limits.entries())
        expect(Math.abs(Number(step?.values[`prune.threshold.${layer}`]) - threshold)).toBeLessThan(TOLERANCE)
    }
  })
})
