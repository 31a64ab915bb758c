/** What `certify` reports, and that nothing which it certifies can be broken. */

import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pgd } from '../../src/attacks/pgd.js'
import { runAttack } from '../../src/attacks/run.js'
import type { Dataset } from '../../src/dsl/dataset.js'
import { tf } from '../../src/engine/tf.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { crownBounds } from '../../src/models/bounds/crown.js'
import { foldingOf, foldParameters } from '../../src/models/forward/folding.js'
import { unflatten } from '../../src/models/forward/forward.js'
import { flatten, linear, maxPool2d } from '../../src/models/layers/layers.js'
import { certify } from '../../src/operators/certify.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { train } from '../../src/operators/train.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'
import { Student } from '../../src/training/network/network.js'
import { collect, type FakeRun, fakeRun, memory, normalisedNet, tinyData, tinyNet } from '../support/context.js'
import { expectEvery } from '../support/expectEvery.js'
import { seededNumbers } from '../support/numbers.js'
import { seededNetwork } from '../support/randomNetworks.js'
import { lentSteps, teacherFile } from '../support/steps.js'

const certificatesOf = ({ events }: FakeRun) =>
  events.flatMap((event) => (event.type === 'certified' ? [event.certificate] : []))

interface Line {
  readonly index: number
  readonly label: number
  readonly correct: boolean
  readonly certified: boolean
  readonly margin: number
}

const linesOf = ({ artifacts }: FakeRun, file: string): readonly Line[] =>
  String(artifacts.get(file))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('certify', () => {
  it('reports the share that is proved, of the teacher and of the student, and frees what it took', async () => {
    const fake = fakeRun()
    const file = teacherFile()
    const before = memory()
    await collect(
      lentSteps(fake).pipe(
        loadTeacher(file, { architecture: tinyNet }),
        crossEntropy(),
        train({ epochs: 3, learningRate: 0.02 }),
        certify({ epsilon: 0.01, examples: 6 }),
      ),
      ({ training }) => training.step,
    )
    const [teacher, student] = certificatesOf(fake)
    expect([teacher?.subject, student?.subject]).toEqual(['before', 'after'])
    for (const [certificate, name] of [
      [teacher, 'certified-before.jsonl'],
      [student, 'certified.jsonl'],
    ] as const) {
      const lines = linesOf(fake, name)
      expect(lines.map(({ index, label }) => [index, label])).toEqual(
        Array.from({ length: 6 }, (_, i) => [i, tinyData.test.labels[i]]),
      )
      expect(certificate).toMatchObject({ norm: 'Linf', epsilon: 0.01, examples: 6 })
      expect(certificate?.clean).toBeCloseTo(lines.filter(({ correct }) => correct).length / 6, 12)
      expect(certificate?.certified).toBeCloseTo(lines.filter(({ certified }) => certified).length / 6, 12)
      expectEvery(lines, ({ correct, certified, margin }) => certified === (correct && margin > 0))
    }
    fake.end()
    expect(memory()).toEqual(before)
  })

  it('of a network that is not trained certifies it once, and completes', async () => {
    const fake = fakeRun()
    const steps = await collect(
      lentSteps(fake).pipe(initialise(tinyNet), certify({ epsilon: 0.01, examples: 2 })),
      () => 1,
    )
    fake.end()
    expect(steps).toEqual([1])
    expect(certificatesOf(fake).map(({ subject }) => subject)).toEqual(['before'])
  })

  it('does not repeat the images that an interrupted run has finished', async () => {
    const first = fakeRun()
    const pipe = (fake: FakeRun) =>
      collect(lentSteps(fake).pipe(initialise(tinyNet), certify({ epsilon: 0.01, examples: 4 })), () => 1)
    await pipe(first)
    first.end()
    const journal = new Map(first.journals.get('certify-before'))
    const marked = { ...(journal.get('1') as object), margin: 77 }
    const second = fakeRun({ journals: new Map([['certify-before', new Map([...journal, ['1', marked]])]]) })
    await pipe(second)
    second.end()
    expect(linesOf(second, 'certified.jsonl')[1]?.margin).toBe(77)
    expect(linesOf(second, 'certified.jsonl')[2]).toEqual(linesOf(first, 'certified.jsonl')[2])
  })

  it('refuses a network that the bounds do not cover, before training, by the names of its layers', async () => {
    const pooled = architecture('pooled', tinyData.shape, [
      maxPool2d({ kernel: 2 }),
      flatten(),
      linear('fc', { out: 3 }),
    ])
    const fake = fakeRun()
    await expect(
      collect(
        lentSteps(fake).pipe(
          initialise(pooled),
          crossEntropy(),
          train({ epochs: 1 }),
          certify({ epsilon: 0.1, examples: 2 }),
        ),
        () => 1,
      ),
    ).rejects.toMatchObject({ error: { _tag: 'OptionError', stage: 'certify', actual: 'maxPool2d ("maxPool2d-0")' } })
    fake.end()
  })
})

/** Margins of the label over the others, a row each. */
const marginsOf = (label: number, classes: number): Tensor2D => {
  const others = [...Array(classes).keys()].filter((one) => one !== label)
  return tf.tensor2d(
    others.map((other) => [...Array(classes).keys()].map((one) => Number(one === label) - Number(one === other))),
  )
}

describe('bounds', () => {
  const { test: split, shape, classes }: Dataset = tinyData
  const indices = Uint32Array.of(0, 1, 2)

  it.each([
    ['without batch normalisation', tinyNet],
    ['with batch normalisation and a shortcut', normalisedNet],
  ])('are below every margin of images within ε, of random weights: %s', (_, network: Architecture) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.constantFrom(0.005, 0.05, 0.3),
        fc.constantFrom('Linf' as const, 'L2' as const),
        (seed, epsilon, norm) => {
          tf.tidy(() => {
            const { weights, statistics } = seededNetwork(network, seed)
            const student = new Student(network, weights, statistics)
            const { architecture: inUse } = foldingOf(network)
            const parameters = foldParameters(network, unflatten(network, student.weights), student.statistics)
            const images = imagesOf(split, shape, indices)
            const labels = labelsOf(split, classes, indices)
            const classifier = (some: Tensor4D) => student.logits(some)
            const attack = pgd({ epsilon, norm, steps: 5, stepSize: epsilon / 3, loss: 'margin' })
            const attacked = runAttack(attack, { classifier, images, labels, indices, seed })
            const noise = tf.tensor4d(seededNumbers(seed, images.size), images.shape)
            const scaled = norm === 'Linf' ? tf.mul(noise, epsilon) : tf.mul(tf.div(noise, tf.norm(noise)), epsilon)
            const noisy = tf.clipByValue(tf.add(images, scaled), 0, 1) as Tensor4D
            for (const row of indices) {
              const margins = marginsOf(split.labels[row] ?? 0, classes)
              const image = tf.slice(images, row, 1) as Tensor4D
              const { lower, slack } = crownBounds(
                { architecture: inUse, parameters },
                image,
                { norm, epsilon },
                margins,
              )
              for (const other of [images, attacked, noisy]) {
                const found = tf
                  .matMul(classifier(tf.slice(other, row, 1) as Tensor4D), margins, false, true)
                  .dataSync()
                for (const [i, margin] of found.entries())
                  expect(margin).toBeGreaterThanOrEqual((lower[i] ?? Number.NaN) - (slack[i] ?? 0))
              }
            }
            student.dispose()
          })
        },
      ),
      { seed: 3, numRuns: 8 },
    )
  })

  it('are the margins themselves, in a ball of almost no size', () => {
    tf.tidy(() => {
      const { weights } = seededNetwork(tinyNet)
      const parameters = unflatten(tinyNet, tf.tensor1d(weights))
      const student = new Student(tinyNet, weights)
      const image = imagesOf(split, shape, Uint32Array.of(0))
      const margins = marginsOf(0, classes)
      const ball = { norm: 'Linf', epsilon: 1e-9 } as const
      const { lower, unstable } = crownBounds({ architecture: tinyNet, parameters }, image, ball, margins)
      const exact = tf.matMul(student.logits(image), margins, false, true).dataSync()
      for (const [i, margin] of exact.entries()) expect(lower[i]).toBeCloseTo(margin, 4)
      expect(unstable).toBe(0)
      student.dispose()
    })
  })
})
