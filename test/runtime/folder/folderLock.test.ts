import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test, vi } from 'vitest'
import type { RunHandle } from '../../../src/dsl/pipeline/run.js'
import { lockFolder } from '../../../src/runtime/folder/folderLock.js'
import { fakePipeline, fakeTrain, jsonOf, temporaryFolder } from '../fakes.js'

const neverLost = (): void => {
  throw new Error('lost')
}

const take = (folder: string) => lockFolder(folder, 'resume', neverLost)

const holderIn = (folder: string) => jsonOf(join(folder, 'run.lock')) as Record<string, unknown>

const foreign = (folder: string, more: Record<string, unknown>): void =>
  writeFileSync(join(folder, 'run.lock'), JSON.stringify({ ...holderIn(folder), token: 'theirs', ...more }))

describe('a folder lock', () => {
  test('can be taken once, and again after its release', () => {
    const folder = temporaryFolder()
    const first = take(folder)
    expect(() => take(folder)).toThrow(
      `resume: expected a run folder that no other run is using, got ${folder}, in use by process ${process.pid} on`,
    )
    first.release()
    expect(readdirSync(folder)).toEqual([])
    take(folder).release()
  })

  test('of a process that was killed is taken over at once', async () => {
    const folder = temporaryFolder()
    take(folder)
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
    const began = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]
    foreign(folder, { pid: child.pid, began })
    expect(() => take(folder)).toThrow(`process ${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = take(folder)
    expect(holderIn(folder)).toMatchObject({ pid: process.pid })
    lock.release()
    expect(readdirSync(folder)).toEqual([])
  })

  test('of an earlier process with the same number is taken over', () => {
    const folder = temporaryFolder()
    take(folder)
    foreign(folder, { began: '1' })
    take(folder).release()
    expect(existsSync(join(folder, 'run.lock'))).toBe(false)
  })

  test.each([
    ['another machine', '{"pid":1,"began":"1","machine":"elsewhere","token":"theirs"}'],
    ['an unknown process, because it was cut short', ''],
  ])('of %s holds while it is renewed', (_title, text) => {
    const folder = temporaryFolder()
    const file = join(folder, 'run.lock')
    writeFileSync(file, text)
    expect(() => take(folder)).toThrow('in use by')
    const old = Date.now() / 1000 - 61
    utimesSync(file, old, old)
    take(folder).release()
    expect(readdirSync(folder)).toEqual([])
  })

  test('is renewed, and its loss is reported', () => {
    vi.useFakeTimers()
    try {
      const folder = temporaryFolder()
      const file = join(folder, 'run.lock')
      const lost: string[] = []
      const lock = lockFolder(folder, 'out', ({ error }) => void lost.push(error.actual))
      utimesSync(file, 1, 1)
      vi.advanceTimersByTime(10_000)
      expect(lost).toEqual([])
      const renewed = readFileSync(file, 'utf8')
      foreign(folder, { machine: 'elsewhere' })
      vi.advanceTimersByTime(10_000)
      expect(lost).toEqual([expect.stringContaining('on elsewhere')])
      lock.release()
      expect(readFileSync(file, 'utf8')).not.toBe(renewed)
    } finally {
      vi.useRealTimers()
    }
  })
})

test('the folder of a run that was killed before it had a plan can be used', async () => {
  const out = temporaryFolder()
  writeFileSync(join(out, 'plan.json.01234567-89ab-cdef-0123-456789abcdef.tmp'), '{')
  writeFileSync(join(out, 'run.lock'), JSON.stringify({ pid: 1, began: '0', machine: 'x', token: 'x' }))
  utimesSync(join(out, 'run.lock'), 1, 1)
  const run = fakePipeline()
    .pipe(fakeTrain({ epochs: 1 }))
    .run({ out })
  expect(isLeft(await run.result)).toBe(false)
  const left = ['checkpoints', 'events.jsonl', 'metrics.jsonl', 'plan.json', 'report.html', 'summary.json']
  expect(readdirSync(out).sort()).toEqual(left)
})

describe('two runs in one folder', () => {
  test('the second is refused, and the first is not disturbed', async () => {
    const out = join(temporaryFolder(), 'run')
    const second: Promise<unknown>[] = []
    const train = (during: (step: number) => void) => fakePipeline().pipe(fakeTrain({ epochs: 1, during }))
    const first: RunHandle = train((step) => {
      if (step === 2)
        second.push(train(() => undefined).run({ resume: out }).result, train(() => undefined).run({ out }).result)
      if (step === 4) first.stop()
    }).run({ out, checkpoints: { everySteps: 1 } })
    await first.result
    const [resumed, begun] = await Promise.all(second)
    expect(resumed).toMatchObject({
      left: { _tag: 'OptionError', stage: 'resume', actual: expect.stringContaining('in use by') },
    })
    expect(begun).toMatchObject({ left: { _tag: 'OptionError', stage: 'out' } })
    expect(isLeft(await train(() => undefined).run({ resume: out }).result)).toBe(false)
  })
})
