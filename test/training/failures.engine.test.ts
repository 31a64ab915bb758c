/** A loss that is not a number, or not a scalar; terms that act in no phase. */

import { type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import type { Perturbation } from '../../src/math/perturbations.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { lossTerm } from '../../src/operators/lossTerm.js'
import { perturb } from '../../src/operators/perturb.js'
import { train } from '../../src/operators/train.js'
import type { HasStudent, Student } from '../../src/training/network/network.js'
import { collect, type FakeRun, fakeRun, memory, tinyNet, turns } from '../support/context.js'
import { nonEmpty } from '../support/expectEvery.js'
import { hashOf, lentSteps, weightsOf } from '../support/steps.js'

describe('a loss that is not finite', () => {
  /** The term is NaN, or infinite, in its fifth call: the second epoch's second minibatch. */
  const failing = (fake: FakeRun, bad: number, watch: (student: Student) => void) => {
    let calls = 0
    return lentSteps(fake).pipe(
      initialise(tinyNet),
      tap(({ student }) => watch(student)),
      crossEntropy(),
      lossTerm('shaky', ({ logits }) => tf.mul(tf.mean(logits), ++calls === 5 ? bad : 1)),
      admmMask({ pattern: 'irregular', rate: 2, epochs: 4, retrainEpochs: 1 }),
    )
  }

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
  ])('%s stops at once, names step and term, and leaves weights and state as they were', async (text, bad) => {
    const before = memory()
    const fake = fakeRun()
    let student: Student | undefined
    const hashes: string[] = []
    const stream = failing(fake, bad, (given) => {
      student = given
    }).pipe(tap((step) => hashes.push(hashOf(weightsOf(step.student)))))
    await expect(collect(stream, () => undefined)).rejects.toMatchObject({
      error: {
        _tag: 'RunError',
        stage: 'admmMask',
        expected: 'a finite loss',
        actual: expect.stringMatching(
          new RegExp(`^-?${text} in term "shaky" at step 5 of phase admm \\(epoch 2, minibatch 2\\)$`),
        ),
      },
    })
    expect(hashes).toHaveLength(4)
    expect(student && hashOf(weightsOf(student))).toBe(hashes.at(-1))
    // A checkpoint would now contain the state after step 4.
    const { states, position } = fake.save()
    expect(states.admmMask?.values).toMatchObject({ step: 4, phaseStep: 4 })
    expect(hashOf(states.student?.arrays.weights ?? new Float32Array(0))).toBe(hashes.at(-1))
    expect(position).toEqual({ epoch: 1, batch: 1 })
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })
})

describe('own loss terms', () => {
  const trained = (fake: FakeRun, ...terms: Parameters<typeof lossTerm>): Observable<Step & HasStudent & HasTraining> =>
    lentSteps(fake).pipe(initialise(tinyNet), lossTerm(...terms), train({ epochs: 1 }))

  it('that give a number an example are refused by name', async () => {
    const before = memory()
    const fake = fakeRun()
    // The types don't show this rank: in TensorFlow.js, a result has the rank that the caller declares.
    const stream = trained(fake, 'vector', ({ logits }) => tf.mean(logits, 1))
    await expect(collect(stream, () => undefined)).rejects.toThrow(
      'vector: expected a loss that is one number, got a tensor of shape [8]',
    )
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })

  it.each([
    ['a promise', async () => tf.scalar(1), 'a promise'],
    ['nothing', () => undefined, 'nothing'],
    ['a plain number', () => 0.5, '0.5'],
  ])('that give %s are refused by name', async (_title, loss, actual) => {
    const before = memory()
    const fake = fakeRun()
    // As a file that no compiler has seen may have it.
    const stream = trained(fake, 'odd', loss as unknown as Parameters<typeof lossTerm>[1])
    await expect(collect(stream, () => undefined)).rejects.toThrow(
      `odd: expected a loss that is one number, got ${actual}`,
    )
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })

  it('may give a constant of their own in some steps', async () => {
    const nothing = tf.keep(tf.scalar(0))
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(
      initialise(tinyNet),
      crossEntropy(),
      lossTerm('sometimes', () => nothing),
      train({ epochs: 1 }),
    )
    expect(await collect(stream, ({ training }) => training.terms.sometimes)).toEqual([0, 0, 0])
    expect(nothing.isDisposed).toBe(false)
    nothing.dispose()
    fake.end()
  })

  it('see images, labels, hidden activations and the phase, and appear in the metrics', async () => {
    const fake = fakeRun()
    const seen: unknown[] = []
    const stream = trained(fake, 'mine', ({ images, labels, hidden, logits, phase }) => {
      seen.push([images.shape, labels.shape, hidden.map(({ shape }) => shape), logits.shape, phase])
      return tf.mean(tf.square(logits))
    })
    const losses = await collect(stream, ({ training: { loss, terms } }) => [loss, terms])
    fake.end()
    const hidden = (n: number) => [
      [n, 4, 4, 4],
      [n, 12],
    ]
    expect(seen).toEqual([8, 8, 4].map((n) => [[n, 8, 8, 1], [n, 3], hidden(n), [n, 3], 'train']))
    for (const [loss, terms] of nonEmpty(losses)) expect(terms).toEqual({ mine: loss })
  })

  it('that act in none of the phases are refused before the first step', async () => {
    const fake = fakeRun()
    const stream = trained(fake, 'idle', ({ logits }) => tf.mean(logits), { phases: ['admm', 'retrain'] })
    await expect(collect(stream, () => undefined)).rejects.toThrow(
      'train: expected a loss term that acts in phase train, got none',
    )
    fake.end()
  })

  it('act in their phases only', async () => {
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(
      initialise(tinyNet),
      crossEntropy({ phases: ['admm'] }),
      lossTerm('late', ({ logits }) => tf.mean(tf.square(logits)), { phases: ['retrain'] }),
      admmMask({ pattern: 'filter', rate: 2, epochs: 1, retrainEpochs: 1 }),
    )
    const terms = await collect(stream, ({ training }) => Object.keys(training.terms))
    fake.end()
    expect(terms).toEqual([...Array(3).fill(['crossEntropy', 'admm']), ...Array(3).fill(['late'])])
  })
})

describe("what a user's own function returns is checked by name", () => {
  const refused = async (stream: Observable<Step>, fake: FakeRun, message: string): Promise<void> => {
    const before = memory()
    await expect(collect(stream, () => undefined)).rejects.toThrow(message)
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  }

  it.each([
    ['NaN', Number.NaN],
    ['-1', -1],
    ['nothing', undefined as unknown as number],
  ])('a factor of a schedule: %s', async (text, factor) => {
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(
      initialise(tinyNet),
      crossEntropy(),
      train({ epochs: 1, schedule: { name: 'mine', factor: ({ step }) => (step === 1 ? factor : 1) } }),
    )
    await refused(stream, fake, `schedule mine: expected a factor >= 0 at step 2, got ${text}`)
  })

  it.each([
    ['nothing', () => undefined],
    ['3 numbers', () => new Float32Array(3)],
    ['[1,2]', () => [1, 2]],
  ])('the numbers of noise: %s', async (text, draw) => {
    const fake = fakeRun()
    // As a file that no compiler has seen may have it.
    const noise = { name: 'mine', config: {}, epsilon: 0.1, draw } as unknown as Perturbation
    const expected = `perturb: expected mine to draw a Float32Array of 512 numbers, got ${text}`
    await refused(lentSteps(fake).pipe(perturb(noise)), fake, expected)
  })
})
