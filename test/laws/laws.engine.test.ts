/** Laws of every operator on real minibatches and a tiny network. */
import { concat, lastValueFrom, map, Observable, of, take, throwError, toArray } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import type { HasTerms, HasTraining, Step } from '../../src/dsl/step.js'
import type { HasStudent } from '../../src/training/network/network.js'
import { collect, type FakeRun, fakeRun, memory, turns } from '../support/context.js'
import { hashOf, lentSteps, teacherFile, weightsOf } from '../support/steps.js'
import { type AnyStage, inRow, rows } from './table.js'

type Open = Step & Partial<HasTerms & HasTraining & HasStudent>

const STEPS = 5

/** All that can be observed of a step, as plain data. */
const seen = (step: Step) => {
  const { minibatch, terms, training, student }: Open = step
  return {
    fields: Object.keys(step).sort(),
    images: hashOf(Float32Array.from(minibatch.images.dataSync())),
    labels: hashOf(Float32Array.from(minibatch.labels.dataSync())),
    size: minibatch.size,
    terms: terms?.map(({ name }) => name),
    loss: training?.loss,
    student: student && hashOf(weightsOf(student)),
  }
}

const errorOf = async (stream: Observable<unknown>): Promise<unknown> => {
  const outcome = await lastValueFrom(stream.pipe(toArray())).catch((thrown: unknown) => ({ thrown }))
  if ('thrown' in outcome) return outcome.thrown
  throw new Error('no error')
}

describe.each(rows)('%s', (name, { make, earlier, adds, throwing, steps = STEPS }) => {
  const runs: FakeRun[] = []
  const begin = (): FakeRun => {
    const fake = fakeRun()
    runs.push(fake)
    return fake
  }
  const build = (stages: readonly AnyStage[], source: Observable<Step>): Observable<Step> => inRow(stages)(source)

  afterEach(() => {
    for (const fake of runs.splice(0)) fake.end()
  })

  /** Calls `act`, ends all runs, and expects as many tensors as before. */
  const leavesNothing = async (act: () => Promise<void>): Promise<void> => {
    const { tensors } = memory()
    await act()
    await turns()
    for (const fake of runs.splice(0)) fake.end()
    expect(memory().tensors).toBe(tensors)
  }

  it('adds exactly the fields that it declares, and frees all tensors', async () => {
    const teacher = teacherFile()
    await leavesNothing(async () => {
      const [first] = await collect(build(earlier(teacher), lentSteps(begin())).pipe(take(1)), seen)
      const all = await collect(build([...earlier(teacher), make(teacher)], lentSteps(begin())).pipe(take(STEPS)), seen)
      expect(all.length).toBe(Math.min(steps, STEPS))
      for (const { fields } of all) expect(fields).toEqual([...(first?.fields ?? []), ...adds].sort())
    })
  })

  it('keeps its state per subscription: two at once give the same', async () => {
    const teacher = teacherFile()
    await leavesNothing(async () => {
      const stages = [...earlier(teacher), make(teacher)]
      // The same stages in two runs: state outside the subscription would show.
      const [a, b] = await Promise.all(
        [begin(), begin()].map((fake) => collect(build(stages, lentSteps(fake)).pipe(take(steps)), seen)),
      )
      expect(a).toHaveLength(steps)
      expect(a).toEqual(b)
      const again = build(stages, lentSteps(begin())).pipe(take(steps))
      expect(await collect(again, seen)).toEqual(a)
      expect(await collect(again, seen)).toEqual(a)
    })
  })

  it('passes an error of the source on unchanged', async () => {
    const teacher = teacherFile()
    await leavesNothing(async () => {
      const broken = new Error('broken source')
      const source = concat(
        lentSteps(begin()).pipe(take(2)),
        throwError(() => broken),
      )
      expect(await errorOf(build([...earlier(teacher), make(teacher)], source))).toBe(broken)
    })
  })

  it('frees everything if it is unsubscribed early', async () => {
    const teacher = teacherFile()
    const stages = [...earlier(teacher), make(teacher)]
    for (const patience of [0, 1, 4])
      await leavesNothing(async () => {
        const subscription = build(stages, lentSteps(begin())).subscribe()
        await turns(patience)
        subscription.unsubscribe()
        // Reads that had begun end now, and the run frees what they bring.
        await turns(50)
      })
    await leavesNothing(async () => {
      await lastValueFrom(build(stages, lentSteps(begin())).pipe(take(1)))
    })
  })

  it('completes with its source', async () => {
    const teacher = teacherFile()
    await leavesNothing(async () => {
      const source = lentSteps(begin()).pipe(take(2))
      expect(await collect(build([...earlier(teacher), make(teacher)], source), () => undefined)).toHaveLength(2)
    })
  })

  it.each(Object.entries(throwing))('ends with the error that %s throws', async (_title, stages) => {
    await leavesNothing(async () => {
      const thrown = new Error('the callback throws')
      let left = 0
      const source = lentSteps(begin())
      const watched = new Observable<Step>((subscriber) => {
        const subscription = source.subscribe(subscriber)
        return () => {
          left += 1
          subscription.unsubscribe()
        }
      })
      expect(await errorOf(build(stages(thrown), watched))).toBe(thrown)
      expect(left).toBe(1)
    })
  })

  if (adds.length > 0)
    it('refuses to add what an earlier stage added, in an error with its name', async () => {
      const teacher = teacherFile()
      await leavesNothing(async () => {
        const stages = [...earlier(teacher), make(teacher), make(teacher)]
        const thrown = await errorOf(build(stages, lentSteps(begin())))
        expect(thrown).toBeInstanceOf(PwoaFailure)
        expect((thrown as PwoaFailure).error).toMatchObject({ _tag: 'OptionError', stage: name })
      })
    })
})

it('plain operators between stages change nothing', async () => {
  const teacher = teacherFile()
  const distilled = rows
    .filter(([name]) => name === 'distill')
    .flatMap(([, row]) => [...row.earlier(teacher), row.make(teacher)])
  const [fakeA, fakeB] = [fakeRun(), fakeRun()]
  const plain = await collect(inRow(distilled)(lentSteps(fakeA)).pipe(take(2)), seen)
  const mixed = distilled.reduce<Observable<Step>>(
    (stream, stage) => stage(stream).pipe(map((step) => ({ ...step }))),
    concat(of<Step[]>(), lentSteps(fakeB)) as Observable<Step>,
  )
  expect(await collect(mixed.pipe(take(2)), seen)).toEqual(plain)
  fakeA.end()
  fakeB.end()
})
