import { identity, map } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { stage } from '../../src/dsl/op.js'
import { fakePipeline, fakeTrain } from '../runtime/fakes.js'

const needing = (needs: readonly string[], adds: readonly string[] = []) =>
  stage<object, object>({ stage: 'picky', config: {}, needs, adds }, identity)

describe('pipe', () => {
  test('a stage that stands before what it needs is refused at once', () => {
    expect(() => fakePipeline().pipe(needing(['teacher']))).toThrow(
      'picky: expected an earlier stage that adds "teacher", got none',
    )
    expect(() => fakePipeline().pipe(needing([], ['teacher']), needing(['teacher', 'minibatch']))).not.toThrow()
    expect(() => fakePipeline().pipe(needing(['terms']), needing([], ['terms']))).toThrow('"terms"')
  })

  test('a second of what there is but once is refused at once', () => {
    const single = () =>
      stage<object, object>({ stage: 'single', config: {}, needs: [], adds: [], once: 'one' }, identity)
    expect(() => fakePipeline().pipe(single(), needing([]), needing([]))).not.toThrow()
    expect(() => fakePipeline().pipe(single(), needing([]), single())).toThrow('single: expected one, got a second one')
  })

  test('is a plan of its stages; plain operators stand in it as rxjs', () => {
    const whole = fakePipeline().pipe(
      map((step) => step),
      fakeTrain({ epochs: 2 }),
    )
    expect(whole.plan.map(({ stage: name, config }) => [name, config])).toEqual([
      ['rxjs', {}],
      ['fakeTrain', { epochs: 2 }],
    ])
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
