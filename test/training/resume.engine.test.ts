/** The same seed gives the same run, bit for bit, even if it was stopped and resumed in between. */
import { type Observable, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { blockNoise } from '../../src/math/perturbations.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { initialise } from '../../src/operators/initialise.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { perturb } from '../../src/operators/perturb.js'
import { train } from '../../src/operators/train.js'
import type { HasStudent } from '../../src/training/network/network.js'
import { sgd } from '../../src/training/step/sgd.js'
import { collect, type FakeRun, fakeRun, memory, noiseData, type Saved, tinyNet, turns } from '../support/context.js'
import { lentSteps, numbersOf, teacherFile } from '../support/steps.js'

type Method = (fake: FakeRun, saved: Saved | undefined, teacher: string) => Observable<Step & HasStudent & HasTraining>

/** 9 steps of ADMM with two updates of Z and U, and 9 of retraining. */
const pwoa: Method = (fake, saved, teacher) =>
  lentSteps(fake, 8, saved).pipe(
    loadTeacher(teacher, { architecture: tinyNet }),
    perturb(blockNoise({ epsilon: 0.3 })),
    distill(),
    hsicRegularize({ lambdaX: 2e-2, lambdaY: 5e-2, phases: ['admm', 'retrain'] }),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 3, retrainEpochs: 3, updateEvery: 1 }),
  )

/** 6 steps from random weights. */
const plain: Method = (fake, saved) =>
  lentSteps(fake, 8, saved).pipe(
    initialise(tinyNet),
    crossEntropy(),
    train({ epochs: 2, optimizer: sgd(), learningRate: 0.05 }),
  )

const whole = async (method: Method, teacher: string, seed = 1) => {
  const fake = fakeRun({ seed })
  const seen = await collect(method(fake, undefined, teacher), numbersOf)
  fake.end()
  return seen
}

/** Stops after `steps` steps, saves the contents of a checkpoint, and continues from them in a new run. */
const interrupted = async (method: Method, teacher: string, steps: number) => {
  const first = fakeRun()
  const begun = await collect(method(first, undefined, teacher).pipe(take(steps)), numbersOf)
  // As a checkpoint file would: nothing but numbers survives.
  const saved = first.save()
  first.end()
  await turns()
  const second = fakeRun({ saved })
  const rest = await collect(method(second, saved, teacher), numbersOf)
  second.end()
  return [...begun, ...rest]
}

describe('the same seed', () => {
  it('gives the same run bit for bit, and another seed gives another run', async () => {
    const teacher = teacherFile()
    const [a, b, other] = [await whole(pwoa, teacher), await whole(pwoa, teacher), await whole(pwoa, teacher, 2)]
    expect(a).toHaveLength(18)
    expect(b).toEqual(a)
    expect(other.at(-1)?.weights).not.toBe(a.at(-1)?.weights)
  })

  it('does so if an engine shares the work among threads: mnistNet at its usual batch size', async () => {
    const method = async () => {
      const fake = fakeRun({ data: noiseData(256) })
      const stream = lentSteps(fake, 128).pipe(
        initialise('mnistNet'),
        crossEntropy(),
        hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5, phases: ['admm', 'retrain'] }),
        admmMask({ pattern: 'irregular', rate: 8, epochs: 1, retrainEpochs: 1 }),
      )
      const seen = await collect(stream, numbersOf)
      fake.end()
      return seen
    }
    const first = await method()
    expect(first).toHaveLength(4)
    expect(await method()).toEqual(first)
  })

  it('gives the same fresh network, and another seed gives another network', async () => {
    const [a, b, other] = [await whole(plain, ''), await whole(plain, ''), await whole(plain, '', 2)]
    expect(b).toEqual(a)
    expect(other.at(0)?.weights).not.toBe(a.at(0)?.weights)
  })
})

describe('a run that was stopped and resumed', () => {
  it.each([
    ['after the first step', 1],
    ['inside an epoch of the ADMM phase', 4],
    ['at the end of an epoch of the ADMM phase', 6],
    ['before the hard prune', 9],
    ['after the first step of the retraining', 10],
    ['inside the retraining', 14],
    ['before the last step', 17],
  ])('%s ends with the same weights, bit for bit', async (_title, steps) => {
    const teacher = teacherFile()
    const before = memory()
    const expected = await whole(pwoa, teacher)
    expect(await interrupted(pwoa, teacher, steps)).toEqual(expected)
    await turns()
    expect(memory()).toEqual(before)
  })

  it('plain training with momentum does so too', async () => {
    const expected = await whole(plain, '')
    for (const steps of [2, 3, 5]) expect(await interrupted(plain, '', steps)).toEqual(expected)
  })

  it('twice in one phase does so too', async () => {
    const teacher = teacherFile()
    let saved: Saved | undefined
    const seen: unknown[] = []
    for (const steps of [2, 3, 100]) {
      const fake = fakeRun(saved ? { saved } : {})
      seen.push(...(await collect(pwoa(fake, saved, teacher).pipe(take(steps)), numbersOf)))
      saved = fake.save()
      fake.end()
    }
    expect(seen).toEqual(await whole(pwoa, teacher))
  })

  it('does not train after its last step, and emits one step', async () => {
    const teacher = teacherFile()
    const expected = (await whole(pwoa, teacher)).at(-1)
    const rest = (await interrupted(pwoa, teacher, 18)).slice(18)
    expect(rest).toHaveLength(1)
    expect(rest[0]).toMatchObject({ phase: 'retrain', step: 18, steps: 18, weights: expected?.weights })
  })
})
