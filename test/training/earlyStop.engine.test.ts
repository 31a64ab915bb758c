/** What ends a training early, which network it restores, and which state an interruption keeps. */
import { isRight } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { map, type Observable, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { pgd } from '../../src/attacks/pgd.js'
import type { DataSource, Dataset } from '../../src/dsl/dataset.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { heldOut } from '../../src/io/datasets/heldOut.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { type EarlyStopOptions, earlyStop } from '../../src/operators/earlyStop.js'
import { initialise } from '../../src/operators/initialise.js'
import { train } from '../../src/operators/train.js'
import type { HasStudent } from '../../src/training/network/network.js'
import { collect, type FakeRun, fakeRun, normalisedNet, type Saved, tinyData, turns } from '../support/context.js'
import { hashOf, lentSteps, runningOf, weightsOf } from '../support/steps.js'

const source: DataSource = { name: 'tiny', config: {}, batchSize: 8, open: () => TE.right(tinyData) }
const opened = async (examples: number) =>
  heldOut(source, examples).open({ dataDir: undefined, seed: 0, signal: new AbortController().signal })()
const data: Dataset = await opened(6).then((result) => {
  if (isRight(result)) return result.right
  throw new PwoaFailure(result.left)
})

const attack = pgd({ epsilon: 0.02, steps: 2, stepSize: 0.01 })

/** Two minibatches an epoch; from `ruinedAt` on (counted in steps, from 1) the network is useless. */
const training = (
  fake: FakeRun,
  {
    epochs = 6,
    ruinedAt = Number.POSITIVE_INFINITY,
    saved,
    ...limits
  }: EarlyStopOptions & { epochs?: number; ruinedAt?: number; saved?: Saved },
): Observable<Step & HasStudent & HasTraining> =>
  lentSteps(fake, 8, saved).pipe(
    initialise(normalisedNet),
    crossEntropy(),
    train({ epochs, learningRate: 0.02 }),
    tap(({ student, training }) => {
      if (training.step >= ruinedAt) student.replaceWeights(tf.zerosLike(student.weights))
    }),
    earlyStop(attack, limits),
  )

const run = async (options: Parameters<typeof training>[1]) => {
  const fake = fakeRun({ data, ...(options.saved ? { saved: options.saved } : {}) })
  const steps = await collect(training(fake, options), ({ training: { step }, student }) => ({
    step,
    weights: hashOf(weightsOf(student)),
    statistics: hashOf(runningOf(student)),
  }))
  const figures = fake.events.flatMap((event) =>
    event.type === 'evaluation' ? [event.accuracies.attacks.pgd ?? Number.NaN] : [],
  )
  const warnings = fake.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
  fake.end()
  return { steps, figures, warnings, last: steps.at(-1) }
}

describe('heldOut', () => {
  it('takes the last images out of training, and leaves the test set', () => {
    expect([data.train.count, data.validation?.count, data.test.count]).toEqual([14, 6, 9])
    expect(data.train.images).toEqual(tinyData.train.images.subarray(0, 14 * 64))
    expect(data.validation?.images).toEqual(tinyData.train.images.subarray(14 * 64))
    expect(data.validation?.labels).toEqual(tinyData.train.labels.subarray(14))
  })

  it('wants some images to be left', async () => {
    expect(() => heldOut(source, 0)).toThrow(/heldOut/)
    expect(await opened(20)).toMatchObject({ _tag: 'Left', left: { _tag: 'OptionError', actual: '20' } })
  })
})

describe('earlyStop', () => {
  it('refuses a stage that prunes: its best network so far may not be pruned yet', async () => {
    const fake = fakeRun({ data })
    const steps = lentSteps(fake).pipe(
      initialise(normalisedNet),
      crossEntropy(),
      admmMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 }),
      earlyStop(attack),
    )
    await expect(collect(steps, (step) => step)).rejects.toMatchObject({
      error: { _tag: 'OptionError', stage: 'earlyStop', actual: 'phase admm' },
    })
    fake.end()
  })

  it('looks after each epoch and ends as the best network', async () => {
    const { steps, figures, last } = await run({ collapse: 1 })
    expect([steps.length, figures.length]).toEqual([12, 6])
    const best = figures.indexOf(Math.max(...figures))
    // The network of the best epoch's last step, taken before it was judged.
    expect(Math.max(...figures)).toBeGreaterThan(1 / 3)
    const plain = fakeRun({ data })
    const alone = await collect(
      lentSteps(plain, 8).pipe(initialise(normalisedNet), crossEntropy(), train({ epochs: 6, learningRate: 0.02 })),
      ({ student }) => ({ weights: hashOf(weightsOf(student)), statistics: hashOf(runningOf(student)) }),
    )
    plain.end()
    const { weights, statistics } = last ?? {}
    expect({ weights, statistics }).toEqual(alone[2 * best + 1])
  })

  it('ends training if robustness collapses, and reports it', async () => {
    const whole = await run({ epochs: 12, collapse: 1 })
    const { steps, figures, warnings, last } = await run({ epochs: 12, ruinedAt: 21, collapse: 0.3 })
    expect(steps.length).toBe(22)
    expect(figures.slice(0, 10)).toEqual(whole.figures.slice(0, 10))
    expect(warnings).toEqual([
      expect.stringMatching(/^robust accuracy fell from [\d.]+ % to [\d.]+ %: training ended$/),
    ])
    const best = figures.indexOf(Math.max(...figures))
    // Nothing but the best epoch's own last step shows its weights, unless that was not the last of all.
    expect(last?.weights).toBe(whole.steps[2 * best + 1]?.weights)
  })

  it('ends training that has not become better for some epochs', async () => {
    const { figures, steps } = await run({ epochs: 40, patience: 2, collapse: 1 })
    const best = figures.indexOf(Math.max(...figures))
    expect(figures.length).toBe(best + 3)
    expect(steps.length).toBe(2 * figures.length)
  })

  it.each([1, 5, 7])('resumes after step %d with the same results', async (stop) => {
    const whole = await run({})
    const begun = fakeRun({ data })
    await collect(
      training(begun, {}).pipe(
        take(stop),
        map(() => undefined),
      ),
      () => undefined,
    )
    await turns()
    const saved = begun.save()
    begun.end()
    const rest = await run({ saved })
    expect(rest.steps).toEqual(whole.steps.slice(stop))
  })

  it('wants images that training does not see, and sensible limits', async () => {
    const { validation: _, ...without } = tinyData
    const fake = fakeRun({ data: without })
    await expect(collect(training(fake, {}), () => undefined)).rejects.toThrow(/heldOut/)
    fake.end()
    expect(() => earlyStop(attack, { patience: 0 })).toThrow(/patience/)
    expect(() => earlyStop(attack, { collapse: 0 })).toThrow(/collapse/)
  })
})
