import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { gpuPool, type LentGpu } from '../../../src/runtime/pointProcess/gpuPool.js'
import { runTask } from '../../../src/runtime/pointProcess/pointInChild.js'
import type { TimeLimits } from '../../../src/runtime/pointProcess/timeLimits.js'
import type { PointProgress } from '../../../src/runtime/sweep/pointMessages.js'
import { summaryOf } from '../../support/summary.js'
import { until } from '../../support/until.js'
import { temporaryFolder } from '../fakes.js'

const task = { file: 'sweep.ts', values: {}, key: '0'.repeat(20), seed: 0, folder: 'x', options: {} }

/** Runs this code as the process of a point. */
const startWith = (code: string, limits: TimeLimits, onProgress = (_: PointProgress): void => undefined) => {
  const folder = temporaryFolder()
  const entry = join(folder, 'entry.mjs')
  writeFileSync(entry, code)
  return { folder, running: runTask(task, { entry: pathToFileURL(entry), workers: 1, limits }, onProgress) }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Starts a process that waits forever, and writes both numbers to `pids`. */
const withChild = (folder: string): string => `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
const own = spawn('tail', ['-f', '/dev/null'], { stdio: 'ignore' })
writeFileSync(${JSON.stringify(join(folder, 'pids'))}, process.pid + ' ' + own.pid)
`

/** Both numbers; undefined while they are being written. */
const pidsIn = (file: string): readonly number[] | undefined => {
  const pids = readFileSync(file, 'utf8').split(' ').map(Number)
  return pids.length === 2 ? pids : undefined
}

const progress = { type: 'evaluating', subject: 'a', attack: 'b', done: 1, total: 2 } as const

describe('the process of a point', () => {
  test.each<[string, string, TimeLimits, string]>([
    ['blocks its event loop', 'for (;;) {}', { silence: 0.3 }, 'no progress for 0.3 s'],
    ['waits for what never comes', 'setInterval(() => {}, 1000)', { silence: 0.3 }, 'no progress for 0.3 s'],
    [
      'makes progress for too long',
      `setInterval(() => process.send(${JSON.stringify({ type: 'progress', progress })}), 20)`,
      { silence: 30, point: 0.5 },
      'not done after 0.5 s',
    ],
  ])('that %s is ended at its limit, which counts as a crash', async (_, code, limits, reason) => {
    expect(await startWith(code, limits).running.outcome).toEqual({ type: 'crashed', reason })
  })

  test('is ended with all that it has started', async () => {
    const folder = temporaryFolder()
    const { running } = startWith(`${withChild(folder)}\nfor (;;) {}`, { grace: 0.1 })
    const pids = await until('both', () =>
      existsSync(join(folder, 'pids')) ? pidsIn(join(folder, 'pids')) : undefined,
    )
    running.stop()
    await running.outcome
    expect(await until('the end of both', () => !pids.some(isAlive))).toBe(true)
  })

  test('that hangs is ended after the grace time, as an interruption', async () => {
    const folder = temporaryFolder()
    const file = JSON.stringify(join(folder, 'on'))
    const { running } = startWith(`import { writeFileSync } from 'node:fs'\nwriteFileSync(${file}, '')\nfor (;;) {}`, {
      grace: 0.2,
    })
    await until('its start', () => existsSync(join(folder, 'on')))
    running.stop()
    running.stop()
    expect(await running.outcome).toMatchObject({
      type: 'failed',
      error: { _tag: 'InterruptedError', actual: 'not stopped after 0.2 s' },
    })
  })

  test('that is stopped while it loads was interrupted, and has not crashed', async () => {
    const { running } = startWith(`process.on('message', ({ type }) => type === 'stop' && process.exit())`, {})
    running.stop()
    expect(await running.outcome).toMatchObject({ type: 'failed', error: { _tag: 'InterruptedError' } })
  })

  test('may take any time if it makes progress', async () => {
    const seen: PointProgress[] = []
    const code = `
      let count = 0
      const tick = () => process.send(++count < 8 ? ${JSON.stringify({ type: 'progress', progress })}
        : ${JSON.stringify({ type: 'done', summary: summaryOf(1) })}, () => count < 8 ? setTimeout(tick, 100) : process.exit())
      process.once('message', tick)`
    const { running } = startWith(code, { silence: 0.6 }, (now) => void seen.push(now))
    expect((await running.outcome).type).toBe('done')
    expect(seen).toHaveLength(7)
  })
})

describe('the GPUs of a machine', () => {
  const visible = ({ environment }: LentGpu): string | undefined => environment.CUDA_VISIBLE_DEVICES

  test('are lent in turn, the least busy first, and shared when there are more processes', () => {
    const pool = gpuPool(['0', '1'])
    const [first, second, third] = [pool.lend(), pool.lend(), pool.lend()]
    expect([first, second, third].map(visible)).toEqual(['0', '1', '0'])
    second.release()
    second.release()
    expect(visible(pool.lend())).toBe('1')
    first.release()
    third.release()
    expect([pool.lend(), pool.lend()].map(visible)).toEqual(['0', '0'])
  })

  test('are seen by a process one at a time, and given back when it ends', async () => {
    const pool = gpuPool(['3', '5'])
    const code = 'console.error(process.env.CUDA_DEVICE_ORDER + process.env.CUDA_VISIBLE_DEVICES); process.exit(1)'
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'entry.mjs'), code)
    const entry = pathToFileURL(join(folder, 'entry.mjs'))
    const outcomes = ['3', '5'].map(() => runTask(task, { entry, workers: 2, gpus: pool }, () => undefined).outcome)
    expect(await Promise.all(outcomes)).toEqual(
      ['3', '5'].map((gpu) => ({ type: 'crashed', reason: `exit code 1: PCI_BUS_ID${gpu}` })),
    )
    expect(visible(pool.lend())).toBe('3')
  })
})
