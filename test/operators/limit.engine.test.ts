/** Phases of training that end early. */
import { type Observable, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { limit } from '../../src/operators/limit.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { train } from '../../src/operators/train.js'
import { cosine } from '../../src/training/step/schedule.js'
import { collect, type FakeRun, fakeRun, type Saved, tinyNet, turns } from '../support/context.js'
import { lentSteps, numbersOf } from '../support/steps.js'

const start = (fake: FakeRun, saved?: Saved) => lentSteps(fake, 8, saved).pipe(initialise(tinyNet), crossEntropy())

const phasesOf = async (stream: Observable<Step & HasTraining>) =>
  collect(stream, ({ training: { phase, epoch, batch, step, steps } }) => [phase, epoch, batch, step, steps])

describe('limit', () => {
  it('ends each phase after so many steps, prunes in between, and says that it is a trial', async () => {
    const fake = fakeRun()
    // 3 minibatches an epoch.
    const seen = await phasesOf(
      start(fake).pipe(limit({ steps: 4 }), admmMask({ pattern: 'irregular', rate: 4, epochs: 9, retrainEpochs: 1 })),
    )
    const student = fake.save().states.student?.arrays
    fake.end()
    expect(seen).toEqual([
      ...[0, 1, 2, 3].map((i) => ['admm', Math.floor(i / 3), i % 3, i + 1, 7]),
      ...[0, 1, 2].map((i) => ['retrain', 0, i, i + 5, 7]),
    ])
    const kept = [...(student?.mask ?? [])].filter((value) => value === 1).length / (student?.mask?.length ?? 1)
    expect(kept).toBeLessThan(0.4)
    const said = fake.events.flatMap((event) => {
      if (event.type === 'warning') return [`${event.stage}: ${event.message}`]
      return event.type === 'phase' || event.type === 'epoch' ? [`${event.type} ${event.phase}`] : []
    })
    expect(said).toEqual([
      'limit: each phase of training ends after 4 steps: the figures are those of a trial',
      'phase admm',
      'epoch admm',
      'epoch admm',
      'phase retrain',
      'epoch retrain',
    ])
  })

  it('leaves phases that are shorter as they are', async () => {
    const whole = fakeRun()
    const expected = await collect(start(whole).pipe(train({ epochs: 2 })), numbersOf)
    whole.end()
    const fake = fakeRun()
    expect(await collect(start(fake).pipe(limit({ steps: 6 }), train({ epochs: 2 })), numbersOf)).toEqual(expected)
    fake.end()
  })

  it('lets learning rates fall within the shorter phase', async () => {
    const fake = fakeRun()
    const rates = await collect(
      start(fake).pipe(limit({ steps: 2 }), train({ epochs: 100, schedule: cosine(), learningRate: 1 })),
      ({ training }) => training.learningRate,
    )
    fake.end()
    expect(rates).toHaveLength(2)
    expect(rates[1]).toBeCloseTo(0.5, 2)
  })

  it('is exact when the run is stopped and resumed, also after the last step', async () => {
    const method = (fake: FakeRun, saved?: Saved) =>
      start(fake, saved).pipe(
        limit({ steps: 2 }),
        magnitudePrune({ pattern: 'irregular', rate: 4, epochs: 3, retrainEpochs: 3, updateEvery: 1 }),
      )
    const whole = fakeRun()
    const expected = await collect(method(whole), numbersOf)
    whole.end()
    expect(expected).toHaveLength(4)
    for (const steps of [1, 2, 3, 4]) {
      const first = fakeRun()
      const part = await collect(method(first).pipe(take(steps)), numbersOf)
      const saved = first.save()
      first.end()
      await turns()
      const second = fakeRun({ saved })
      const rest = await collect(method(second, saved), numbersOf)
      second.end()
      // A stage that has nothing left to train passes its last step on once more.
      expect([...part, ...rest].map(({ weights }) => weights).slice(0, 4), `after ${steps}`).toEqual(
        expected.map(({ weights }) => weights),
      )
      expect(rest.at(-1)?.weights).toBe(expected.at(-1)?.weights)
    }
  })

  it('is refused after the stage that trains', async () => {
    const fake = fakeRun()
    await expect(collect(start(fake).pipe(train({ epochs: 1 }), limit({ steps: 1 })), () => 0)).rejects.toThrow(
      'limit: expected to stand before the stage that trains, got a place after it',
    )
    fake.end()
  })
})
