import { identity, map, type OperatorFunction, of, tap } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { describe, expect, test } from 'vitest'
import { stage } from '../../src/dsl/op.js'
import type { Step } from '../../src/dsl/step.js'
import { fakePipeline, fakeStep, fakeTrain } from '../runtime/fakes.js'

const needing = (needs: readonly string[], adds: readonly string[] = []) =>
  stage<object, object>({ stage: 'picky', config: {}, needs, adds }, identity)

describe('pipe', () => {
  test('refuses a stage before the stages that it needs, at once', () => {
    expect(() => fakePipeline().pipe(needing(['teacher']))).toThrow(
      'picky: expected an earlier stage that adds "teacher", got none',
    )
    expect(() => fakePipeline().pipe(needing([], ['teacher']), needing(['teacher', 'minibatch']))).not.toThrow()
    expect(() => fakePipeline().pipe(needing(['terms']), needing([], ['terms']))).toThrow('"terms"')
  })

  test('refuses a second stage of a kind that is allowed once, at once', () => {
    const single = () =>
      stage<object, object>({ stage: 'single', config: {}, needs: [], adds: [], once: 'one' }, identity)
    expect(() => fakePipeline().pipe(single(), needing([]), needing([]))).not.toThrow()
    expect(() => fakePipeline().pipe(single(), needing([]), single())).toThrow('single: expected one, got a second one')
  })

  test('has a plan of its stages; plain operators are rxjs', () => {
    const whole = fakePipeline().pipe(
      map((step) => step),
      fakeTrain({ epochs: 2 }),
    )
    expect(whole.plan.map(({ stage: name, config }) => [name, config])).toEqual([
      ['rxjs', {}],
      ['fakeTrain', { epochs: 2 }],
    ])
  })

  describe('twenty stages', () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i)
    const [step, next] = [fakeStep(0), fakeStep(1)]
    /** Stages that note the order in which a step passes them. */
    const noting = (passed: number[]) =>
      numbers.map((i) =>
        stage<unknown, unknown>(
          { stage: `stage ${i}`, config: {}, needs: [], adds: [] },
          tap(() => passed.push(i)),
        ),
      )
    const piped = (pipes: readonly (readonly OperatorFunction<Step, Step>[])[]) =>
      pipes.reduce((start, stages) => Reflect.apply(start.pipe, undefined, stages), fakePipeline())

    test('in one call are applied in their order', () => {
      const passed: number[] = []
      piped([noting(passed)])
        .apply(of(step))
        .subscribe()
      expect(passed).toEqual(numbers)
    })

    test.each(numbers)('in two calls, cut after %i, are the same pipeline', (cut) => {
      const passed: number[] = []
      const stages = noting(passed)
      const whole = piped([stages])
      const cutInTwo = piped([stages.slice(0, cut), stages.slice(cut)])
      expect(cutInTwo.plan).toEqual(whole.plan)
      cutInTwo.apply(of(step)).subscribe()
      expect(passed).toEqual(numbers)
    })

    test('emit, complete and unsubscribe when their source does', () => {
      new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
        ({ cold, expectObservable, expectSubscriptions }) => {
          const whole = piped([noting([])])
          const source = cold('-a-b-|', { a: step, b: next })
          expectObservable(whole.apply(source)).toBe('-a-b-|', { a: step, b: next })
          expectSubscriptions(source.subscriptions).toBe('^----!')
          const silent = cold<Step>('-')
          expectObservable(whole.apply(silent), '^--!').toBe('-')
          expectSubscriptions(silent.subscriptions).toBe('^--!')
        },
      )
    })
  })

  test('is immutable', () => {
    const start = fakePipeline()
    const longer = start.pipe(fakeTrain({ epochs: 1 })).observe(() => undefined)
    expect(start.plan).toEqual([])
    expect(start.observers).toEqual([])
    expect(longer.observers).toHaveLength(1)
    expect(longer.withParams({ rate: 4 })).toMatchObject({
      params: { rate: 4 },
      plan: longer.plan,
      observers: longer.observers,
    })
    expect(longer.params).toEqual({})
  })
})
