/** Memory is flat: tensors and bytes over hundreds of steps, and while a slow stage holds minibatches. */

import { delay, filter, type Observable, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { asynchronous } from '../../../src/dsl/stages/asynchronous.js'
import type { HasTraining, Step } from '../../../src/dsl/step.js'
import { tf } from '../../../src/engine/tf.js'
import { blockNoise } from '../../../src/math/perturbations.js'
import { mnistNet } from '../../../src/models/zoo/zoo.js'
import { admmMask } from '../../../src/operators/admmMask.js'
import { crossEntropy } from '../../../src/operators/crossEntropy.js'
import { distill } from '../../../src/operators/distill.js'
import { hsicRegularize } from '../../../src/operators/hsicRegularize.js'
import { initialise } from '../../../src/operators/initialise.js'
import { loadTeacher } from '../../../src/operators/loadTeacher.js'
import { perturb } from '../../../src/operators/perturb.js'
import { train } from '../../../src/operators/train.js'
import type { HasStudent } from '../../../src/training/network/network.js'
import { collect, type FakeRun, fakeRun, memory, noiseData, tinyNet, turns } from '../../support/context.js'
import { longer } from '../../support/longer.js'
import { lentSteps, teacherFile } from '../../support/steps.js'

const BATCH = 8
const COUNT = 1000

const EPOCHS = longer(1, 4)

/** 125 steps an epoch, half of them in each phase. Losses in both phases, noise, updates of Z and U, the mask. */
const wholeMethod = (fake: FakeRun): Observable<Step & HasStudent & HasTraining> =>
  lentSteps(fake, BATCH).pipe(
    loadTeacher(teacherFile(mnistNet), { architecture: 'mnistNet' }),
    perturb(blockNoise({ epsilon: 0.3 })),
    distill(),
    hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5, phases: ['admm', 'retrain'] }),
    admmMask({ pattern: 'irregular', rate: 4, epochs: EPOCHS, retrainEpochs: EPOCHS, updateEvery: 1 }),
  )

it(`tensors and bytes are flat over ${250 * EPOCHS} steps of the whole method`, async () => {
  const before = memory()
  const fake = fakeRun({ data: noiseData(COUNT) })
  const seen = await collect(wholeMethod(fake), ({ training: { phase, step } }) => ({ phase, step, ...memory() }))
  expect(seen).toHaveLength(250 * EPOCHS)
  // From the second step of a phase on: the first one makes Adam's slots, Z and U, or the mask.
  for (const phase of ['admm', 'retrain'] as const) {
    const settled = seen.filter((each) => each.phase === phase).slice(1)
    expect(settled).toHaveLength(125 * EPOCHS - 1)
    expect(new Set(settled.map(({ tensors }) => tensors)).size).toBe(1)
    expect(new Set(settled.map(({ bytes }) => bytes)).size).toBe(1)
  }
  fake.end()
  await turns()
  expect(memory()).toEqual(before)
})

describe('stages that drop or delay steps', () => {
  const trained = (source: Observable<Step>, epochs = 4): Observable<Step & HasTraining> =>
    source.pipe(initialise(tinyNet), crossEntropy(), train({ epochs }))

  const run = async (between: (source: Observable<Step>) => Observable<Step>) => {
    const before = memory()
    const fake = fakeRun()
    const seen = await collect(trained(lentSteps(fake).pipe(between)), ({ training: { step }, minibatch }) => ({
      step,
      size: minibatch.size,
      ...memory(),
    }))
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
    return seen
  }

  it('a filter that drops minibatches neither hangs nor leaks', async () => {
    const seen = await run(filter(({ minibatch }) => minibatch.size === 8))
    expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(seen.map(({ size }) => size)).toEqual(Array(12).fill(8))
    expect(new Set(seen.slice(1).map(({ tensors }) => tensors)).size).toBe(1)
  })

  it('a delay in asynchronous(…) holds one minibatch at a time', async () => {
    const seen = await run(asynchronous(delay(1)))
    expect(seen).toHaveLength(12)
    expect(new Set(seen.slice(1).map(({ tensors }) => tensors)).size).toBe(1)
  })

  it('gives the same numbers with a delay as without', async () => {
    const losses = async (between: (source: Observable<Step>) => Observable<Step>) => {
      const fake = fakeRun()
      const seen = await collect(trained(lentSteps(fake).pipe(between)), ({ training }) => training.loss)
      fake.end()
      return seen
    }
    expect(await losses(asynchronous(delay(1)))).toEqual(await losses((source) => source))
  })

  it('a delay without it ends with an error that names the solution', async () => {
    const before = memory()
    const fake = fakeRun()
    const late = trained(lentSteps(fake).pipe(delay(1)))
    await expect(collect(late, () => undefined)).rejects.toMatchObject({
      error: {
        _tag: 'RunError',
        stage: 'minibatch',
        expected: 'to be read before it is handed back',
        hint: expect.stringContaining('asynchronous(…)'),
      },
    })
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })

  it('a minibatch can not be read once it is handed back', async () => {
    const fake = fakeRun()
    const [minibatch] = await collect(lentSteps(fake).pipe(take(1)), (step) => step.minibatch)
    await turns()
    expect(() => minibatch?.images).toThrow('expected to be read before it is handed back')
    expect(() => minibatch?.labels).toThrow('expected to be read before it is handed back')
    expect(minibatch?.size).toBe(8)
  })

  it('a minibatch that is held can be read until it is let go of', async () => {
    const before = memory()
    const fake = fakeRun()
    const [held] = await collect(lentSteps(fake).pipe(take(1)), ({ minibatch }) => ({
      minibatch,
      letGo: minibatch.hold(),
    }))
    expect(held?.minibatch.images.shape).toEqual([8, 8, 8, 1])
    held?.letGo()
    held?.letGo()
    await turns()
    expect(() => held?.minibatch.images).toThrow()
    expect(memory()).toEqual(before)
    expect(tf.memory().numTensors).toBe(before.tensors)
  })
})
