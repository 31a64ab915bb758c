import { join } from 'node:path'
import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { traced, work } from '../../../src/dsl/kit/traced.js'
import { openProfile } from '../../../src/runtime/run/profile.js'
import { fakePipeline, fakeTrain, jsonOf, temporaryFolder } from '../fakes.js'

interface Trace {
  readonly traceEvents: readonly {
    readonly name: string
    readonly ph: string
    readonly ts: number
    readonly dur: number
  }[]
}

describe('a profile', () => {
  test('has the seconds of each kind of work without nested work, and a trace of all', async () => {
    const folder = temporaryFolder()
    let clock = 100
    const profile = openProfile(folder, () => clock)
    const takes = (milliseconds: number): void => {
      clock += milliseconds
    }
    const answer = traced('outer', () => {
      takes(4)
      traced('inner', () => takes(12))
      traced('inner', () => takes(1))
      return 42
    })
    expect(() =>
      traced('failing', () => {
        takes(2)
        throw new Error('no')
      }),
    ).toThrow('no')
    await profile.close()
    expect(answer).toBe(42)
    expect(profile.seconds()).toEqual({
      inner: expect.closeTo(0.013, 9),
      outer: expect.closeTo(0.004, 9),
      failing: expect.closeTo(0.002, 9),
    })
    const { traceEvents } = jsonOf(join(folder, 'trace.json')) as Trace
    expect(traceEvents.map(({ name, ph, ts, dur }) => [name, ph, ts, dur])).toEqual([
      ['inner', 'X', 104_000, 12_000],
      ['inner', 'X', 116_000, 1000],
      ['outer', 'X', 100_000, 17_000],
      ['failing', 'X', 117_000, 2000],
    ])
  })

  test('ends with its run, and a run without a profile has no measurements', async () => {
    const pipeline = fakePipeline().pipe(fakeTrain({ epochs: 1 }))
    const plain = await pipeline.run({ out: join(temporaryFolder(), 'plain') }).result
    expect(isRight(plain) && plain.right.profile).toBeUndefined()
    const profiled = await pipeline.run({ out: join(temporaryFolder(), 'profiled'), profile: 'steps' }).result
    expect(isRight(profiled) && Object.keys(profiled.right.profile ?? {})).toEqual(['stream'])
    expect(work.start.hasSubscribers).toBe(false)
    expect(work.end.hasSubscribers).toBe(false)
  })
})
