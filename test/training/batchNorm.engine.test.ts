/** Training with batch normalisation: what updates the statistics, what does not, and what an interruption keeps. */

import { type Observable, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { pgd } from '../../src/attacks/pgd.js'
import type { Dataset } from '../../src/dsl/dataset.js'
import type { Op } from '../../src/dsl/op.js'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { batchNorm2d, conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { parameterCount, parametersOf } from '../../src/models/parameters/parameters.js'
import { freshStatistics } from '../../src/models/parameters/statistics.js'
import { resnet18 } from '../../src/models/zoo/resnet.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { adversarial } from '../../src/operators/adversarial.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { initialise } from '../../src/operators/initialise.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { lossTerm } from '../../src/operators/lossTerm.js'
import { train } from '../../src/operators/train.js'
import type { HasStudent, HasTeacher } from '../../src/training/network/network.js'
import { sgd } from '../../src/training/step/sgd.js'
import { collect, type FakeRun, fakeRun, memory, normalisedNet, type Saved, turns } from '../support/context.js'
import { nonEmpty } from '../support/expectEvery.js'
import { seededNumbers } from '../support/numbers.js'
import { hashOf, lentSteps, numbersOf, runningOf, teacherFile, weightsOf } from '../support/steps.js'
import { weightGradient } from '../support/weightGradient.js'

type Whole = Observable<Step & HasTeacher & HasStudent & HasTraining>

/** Distillation, HSIC on all hidden activations, attacks on the student, ADMM, pruning, retraining: 9 + 9 steps. */
const everything = (fake: FakeRun, saved: Saved | undefined, teacher: string): Whole =>
  lentSteps(fake, 8, saved).pipe(
    loadTeacher(teacher, { architecture: normalisedNet }),
    adversarial(pgd({ epsilon: 0.1, steps: 2, stepSize: 0.05 }), { mode: 'join' }),
    distill(),
    crossEntropy(),
    hsicRegularize({ lambdaX: 2e-2, lambdaY: 5e-2, phases: ['admm', 'retrain'] }),
    admmMask({
      pattern: 'irregular',
      rate: 4,
      epochs: 3,
      retrainEpochs: 3,
      updateEvery: 1,
      retrain: { optimizer: sgd({ weightDecay: 5e-4 }), learningRate: 0.01 },
    }),
  )

describe('a run that was stopped and resumed', () => {
  it.each([1, 4, 9, 10, 17])('after step %d ends with the same weights and statistics, bit for bit', async (steps) => {
    const teacher = teacherFile(normalisedNet)
    const before = memory()
    const whole = fakeRun()
    const expected = await collect(everything(whole, undefined, teacher), numbersOf)
    whole.end()
    const first = fakeRun()
    const begun = await collect(everything(first, undefined, teacher).pipe(take(steps)), numbersOf)
    const saved = first.save()
    first.end()
    await turns()
    const second = fakeRun({ saved })
    const rest = await collect(everything(second, saved, teacher), numbersOf)
    second.end()
    await turns()
    expect([...begun, ...rest]).toEqual(expected)
    expect(new Set(expected.map(({ statistics }) => statistics)).size).toBe(18)
    expect(memory()).toEqual(before)
  })
})

describe('memory', () => {
  it('is flat over 60 steps', async () => {
    const before = memory()
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(
      loadTeacher(teacherFile(normalisedNet), { architecture: normalisedNet }),
      distill(),
      hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5, phases: ['admm', 'retrain'] }),
      admmMask({ pattern: 'filter', rate: 2, epochs: 10, retrainEpochs: 10, updateEvery: 1 }),
    )
    const seen = await collect(stream, ({ training: { phase, batch } }) => ({ phase, batch, ...memory() }))
    expect(seen).toHaveLength(60)
    for (const phase of ['admm', 'retrain'] as const) {
      const settled = seen.filter((each) => each.phase === phase).slice(1)
      expect(new Set(settled.map(({ tensors }) => tensors)).size).toBe(1)
      // The last minibatch of an epoch has 4 images, the others 8.
      for (const batches of [settled.filter(({ batch }) => batch === 2), settled.filter(({ batch }) => batch !== 2)])
        expect(new Set(batches.map(({ bytes }) => bytes)).size).toBe(1)
    }
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })
})

describe('pruning', () => {
  it('leaves pruned weights exactly zero, and prunes neither scales nor shifts, which train on', async () => {
    const fake = fakeRun()
    const seen = await collect(everything(fake, undefined, teacherFile(normalisedNet)), ({ student, training }) => ({
      phase: training.phase,
      weights: weightsOf(student),
      mask: student.mask,
    }))
    fake.end()
    const retrained = seen.filter(({ phase }) => phase === 'retrain')
    expect(retrained).toHaveLength(9)
    const [first, last] = [retrained.at(0), retrained.at(-1)]
    for (const { weights, mask } of retrained)
      for (const [i, kept] of nonEmpty((mask ?? []).entries())) if (kept === 0) expect(weights[i]).toBe(0)
    for (const { role, offset, size, name } of nonEmpty(parametersOf(normalisedNet))) {
      const kept = (last?.mask ?? new Float32Array(0)).subarray(offset, offset + size)
      expect(kept.reduce((sum, bit) => sum + bit, 0) / size, name).toBe(role === 'weight' ? 0.25 : 1)
      const [then, now] = [first, last].map((each) =>
        hashOf(Float32Array.from(each?.weights.subarray(offset, offset + size) ?? [])),
      )
      expect(now, name).not.toBe(then)
    }
  })
})

describe('running statistics', () => {
  it('start fresh, are updated by every training step, and are unchanged if only logits are computed', async () => {
    const fake = fakeRun()
    const starts: Float32Array[] = []
    const stream = lentSteps(fake).pipe(
      initialise(normalisedNet),
      tap(({ student, minibatch }) => {
        tf.tidy(() => void student.logits(minibatch.images))
        starts.push(runningOf(student))
      }),
      crossEntropy(),
      train({ epochs: 1 }),
    )
    const ends = await collect(stream, ({ student }) => runningOf(student))
    fake.end()
    expect(starts[0]).toEqual(freshStatistics(normalisedNet))
    expect(starts.slice(1)).toEqual(ends.slice(0, -1))
    expect(new Set([...starts, ...ends].map(hashOf)).size).toBe(4)
  })

  it('of the teacher never move', async () => {
    const fake = fakeRun()
    const seen = await collect(everything(fake, undefined, teacherFile(normalisedNet)), ({ teacher, student }) => [
      hashOf(Float32Array.from(teacher.statistics.dataSync())),
      hashOf(runningOf(student)),
    ])
    fake.end()
    expect(new Set(seen.map(([teacher]) => teacher)).size).toBe(1)
    expect(new Set(seen.flat()).size).toBe(19)
  })

  it.each([
    ['is not finite', () => tf.scalar(Number.NaN), 'expected a finite loss'],
    [
      'throws',
      () => {
        throw new Error('a mistake of the user')
      },
      'a mistake of the user',
    ],
  ])('stay as they were, like the weights, where the loss %s', async (_case, bad, message) => {
    const before = memory()
    const fake = fakeRun()
    const hashes: string[] = []
    let calls = 0
    let now = (): readonly string[] => []
    const stream = lentSteps(fake).pipe(
      initialise(normalisedNet),
      tap(({ student }) => {
        now = () => [hashOf(weightsOf(student)), hashOf(runningOf(student))]
      }),
      crossEntropy(),
      lossTerm('shaky', ({ logits }) => (++calls === 3 ? bad() : tf.mean(logits))),
      train({ epochs: 2 }),
      tap(() => hashes.push(...now())),
    )
    await expect(collect(stream, () => undefined)).rejects.toThrow(message)
    expect(hashes).toHaveLength(4)
    expect(now()).toEqual(hashes.slice(-2))
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })
})

it('ResNet-18 of width 8 gives the same run bit for bit if an engine shares the work among threads', async () => {
  const method = async () => {
    const fake = fakeRun({ data: colourNoise(64) })
    const stream = lentSteps(fake, 32).pipe(
      initialise(resnet18({ width: 8 })),
      crossEntropy(),
      train({ epochs: 1, optimizer: sgd(), learningRate: 0.01 }),
    )
    const seen = await collect(stream, numbersOf)
    fake.end()
    return seen
  }
  const first = await method()
  expect(first).toHaveLength(2)
  expect(await method()).toEqual(first)
})

/** CIFAR's shape without a file. */
const colourNoise = (count: number): Dataset => {
  const shape = { height: 32, width: 32, channels: 3 }
  const images = Uint8Array.from(seededNumbers(1, count * 3072), (value) => 127 * (value + 1))
  const split = { count, images, labels: Uint16Array.from({ length: count }, (_, i) => i % 10) }
  return { name: 'colour noise', origin: 'synthetic', classes: 10, shape, train: split, test: split }
}

/** `normalisedNet` with a batch normalisation of a single pixel. */
const onePixel = architecture('one pixel', { height: 8, width: 8, channels: 1 }, [
  conv2d('conv', { out: 4, kernel: 8, bias: 'none' }),
  batchNorm2d('deep.bn'),
  relu(),
  flatten(),
  linear('fc', { out: 3 }),
])

describe('a single value per channel', () => {
  const trained = (network: Architecture, batchSize: number, ...more: readonly Op<HasStudent, unknown>[]) => {
    const fake = fakeRun()
    const steps: number[] = []
    const from: Observable<Step & HasStudent> = lentSteps(fake, batchSize).pipe(initialise(network))
    const stream = more.reduce((stages, stage) => stages.pipe(stage), from).pipe(crossEntropy(), train({ epochs: 1 }))
    return { steps, done: collect(stream, ({ training }) => void steps.push(training.step)).finally(() => fake.end()) }
  }

  it.each([
    ['in every minibatch', 1, 'a minibatch of 1 image'],
    // 20 images: 19 and 1.
    ["in the epoch's last minibatch, before the first step", 19, "the epoch's last minibatch, of 1 image"],
  ])('is refused, with the layer and its shape: %s', async (_title, batchSize, where) => {
    const { steps, done } = trained(onePixel, batchSize)
    await expect(done).rejects.toMatchObject({
      error: {
        _tag: 'RunError',
        stage: 'train',
        expected: 'more than 1 value per channel in training for the batch normalisation "deep.bn"',
        actual: `1 x 1 x 1 x 4 in ${where}`,
        hint: 'Choose a batchSize that is larger than 1 and does not leave a single image over.',
      },
    })
    expect(steps).toEqual([])
  })

  it.each([
    ['two images are left over', onePixel, 18, []],
    ['the image is larger than a pixel', normalisedNet, 1, []],
    [
      'variants are joined to it',
      onePixel,
      19,
      [adversarial(pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1 }), { mode: 'join' })],
    ],
  ] as const)('is not refused if %s', async (_title, network, batchSize, stages) => {
    const { steps, done } = trained(network, batchSize, ...stages)
    await done
    expect(steps).toHaveLength(Math.ceil(20 / batchSize))
  })

  it('is refused by the gradient of the weights, compiled or not', () => {
    const weights = seededNumbers(1, parameterCount(onePixel))
    const of = (images: number) =>
      tf.tidy(
        () =>
          weightGradient(onePixel, tf.tensor1d(weights), tf.ones([images, 8, 8, 1]), ({ logits }) => tf.sum(logits))
            .size,
      )
    expect(of(2)).toBe(weights.length)
    expect(() => of(1)).toThrow('more than 1 value per channel in training for the batch normalisation "deep.bn"')
  })
})
