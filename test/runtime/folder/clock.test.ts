import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunHandle, RunOptions } from '../../../src/dsl/pipeline/run.js'
import { lockFolder } from '../../../src/runtime/folder/folderLock.js'
import { eventsIn, fakePipeline, fakeTrain, stepsIn, temporaryFolder } from '../fakes.js'

const valueOf = <A>(result: Either<unknown, A>): A => {
  if (isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const HOUR = 3_600_000
const NOON = Date.UTC(2030, 0, 1, 12)

const train = (during: (step: number) => void = () => undefined) =>
  fakePipeline().pipe(fakeTrain({ epochs: 3, during }))

const lossesIn = (folder: string): readonly number[] => stepsIn(folder).map(({ loss }) => loss)

describe('a wall clock that is set back', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('during a run changes none of its numbers', async () => {
    const folder = temporaryFolder()
    const steady = valueOf(await train().run({ out: join(folder, 'steady') }).result)
    const out = join(folder, 'back')
    const back = valueOf(
      await train((step) => void (step === 7 && vi.setSystemTime(NOON - HOUR))).run({
        out,
        checkpoints: { everySeconds: 0.001, everySteps: 1 },
      }).result,
    )
    const times = eventsIn(out).map(({ at }) => at)
    expect(Math.max(...times) - Math.min(...times), 'it was set back').toBeGreaterThanOrEqual(HOUR / 1000)
    expect(lossesIn(out)).toEqual(lossesIn(join(folder, 'steady')))
    expect(back.secondsPerStep).toEqual(steady.secondsPerStep)
    expect(back.seconds.total).toBeGreaterThan(0)
    expect(back.seconds.total).toBeLessThan(HOUR / 1000)
  })

  test('neither hides the newest checkpoint nor removes it as an old one', async () => {
    const folder = temporaryFolder()
    valueOf(await train().run({ out: join(folder, 'whole') }).result)
    const out = join(folder, 'cut')
    const checkpoints = join(out, 'checkpoints')
    /** Runs until a step is done, and sets the time of its checkpoint, because a file system's clock can't be set. */
    const until = async (last: number, time: number, place: RunOptions): Promise<void> => {
      const run: RunHandle = train((step) => void (step === last - 1 && run.stop())).run(place)
      expect(await run.result).toMatchObject({ left: { _tag: 'InterruptedError' } })
      utimesSync(join(checkpoints, `step-${String(last).padStart(8, '0')}.safetensors`), time / 1000, time / 1000)
    }
    const asked = { checkpoints: { everySteps: 100, keep: 2 } }
    await until(4, NOON, { out, ...asked })
    vi.setSystemTime(NOON - HOUR)
    await until(8, NOON - HOUR, { resume: out, ...asked })
    await until(12, NOON - HOUR / 2, { resume: out, ...asked })
    expect(readdirSync(checkpoints).sort()).toEqual(['step-00000008.safetensors', 'step-00000012.safetensors'])
    utimesSync(join(checkpoints, 'step-00000012.safetensors'), 1, 1)
    const resumed: number[] = []
    valueOf(await train((step) => void resumed.push(step)).run({ resume: out }).result)
    expect(resumed).toEqual([12, 13, 14])
    expect(lossesIn(out)).toEqual(lossesIn(join(folder, 'whole')))
  })
})

test('a lock with a time in the future is respected, because its process may be alive', () => {
  const folder = temporaryFolder()
  const file = join(folder, 'run.lock')
  writeFileSync(file, '{"pid":1,"began":"1","machine":"elsewhere","token":"theirs"}')
  const touch = (time: number): void => utimesSync(file, time / 1000, time / 1000)
  const take = () => lockFolder(folder, 'resume', () => undefined)
  touch(Date.now() + HOUR)
  expect(take).toThrow('in use by')
  touch(Date.now() - HOUR)
  take().release()
  expect(existsSync(file)).toBe(false)
})
