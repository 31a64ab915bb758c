import { describe, expect, test } from 'vitest'
import type { QueueAction } from '../../src/cli/commands/queue/queueActions.js'
import { runQueue } from '../../src/cli/commands/queue/runQueue.js'
import { parseArguments } from '../../src/cli/parseArguments.js'
import { failureText } from '../../src/runtime/queue/queueJob.js'
import { sweepRegistry } from '../../src/runtime/queue/sweepRegistry.js'
import { temporaryFolder } from '../runtime/fakes.js'
import { connectedTo, enqueued, job } from '../runtime/queue/enqueued.js'
import { type OwnRedis, ownRedis } from '../runtime/queue/redis.js'
import { needing, redisServer } from '../support/needs.js'
import { refusalOf } from '../support/refusalOf.js'

const [one, other] = ['1', '2'].map((digit) => digit.repeat(20))

const ask = (redis: Pick<OwnRedis, 'url'>) => {
  const run = async (action: QueueAction, sweep?: string, point?: string, more: object = {}) => {
    const asked = { action, sweep, point, queue: redis.url, olderThan: undefined, json: false, ...more }
    const ended = await runQueue(asked)
    return ended.text ?? ''
  }
  const json = async (action: QueueAction, sweep?: string, point?: string): Promise<unknown> =>
    JSON.parse(await run(action, sweep, point, { json: true }))
  return { run, json }
}

/** A queue with a point that waits and one that has failed. */
const filled = async () => {
  const redis = await ownRedis()
  const { sweep, queue, ids } = await enqueued(redis, temporaryFolder(), [job(one ?? ''), job(other ?? '')])
  const { Worker } = await import('bullmq')
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null } as const
  const worker = new Worker(queue.name, null, { connection, autorun: false })
  worker.on('error', () => undefined)
  const taken = await worker.getNextJob('mine', { block: false })
  await taken?.log('began')
  const error = { _tag: 'RunError', stage: 'train', expected: 'a finite loss', actual: 'NaN' } as const
  await taken?.moveToFailed(new Error(failureText(error)), 'mine', false)
  await worker.close(true)
  return { redis, sweep, queue, ids, ...ask(redis) }
}

describe('pwoa-run queue', needing(redisServer), () => {
  test('lists sweeps and workers, shows points and their logs', async () => {
    const { redis, sweep, run, json } = await filled()
    const registry = sweepRegistry(connectedTo(redis))
    await registry.refuse(sweep.id, 'worker on b', 'refused: another version')
    await registry.report('a-1', { host: 'a', pid: 1, slots: 2, seen: Date.now(), running: [], paused: 'a full disk' })
    expect(await json('list')).toMatchObject({
      sweeps: [
        {
          id: sweep.id,
          points: { waiting: 1, delayed: 0, running: 0, done: 0, failed: 1 },
          drained: false,
          refusals: { 'worker on b': 'refused: another version' },
        },
      ],
      workers: [{ id: 'a-1', slots: 2, paused: 'a full disk' }],
    })
    const text = await run('list')
    for (const part of [sweep.id, 'a-1', 'a-1 is pausing: a full disk', 'worker on b: refused: another version'])
      expect(text).toContain(part)
    expect(await json('show', 'x')).toMatchObject([
      { state: 'failed', label: 'rate=4', crashes: 1, reason: 'train: expected a finite loss, got NaN' },
      { state: 'waiting', crashes: 0 },
    ])
    expect(await run('show', sweep.id)).toContain('rate=4: train: expected a finite loss, got NaN')
    expect(await run('logs', 'x', 'job-0')).toBe('began\n')
  })

  test('retries, drains, resumes, cancels and purges', async () => {
    const { redis, sweep, queue, json, run } = await filled()
    const registry = sweepRegistry(connectedTo(redis))
    expect(await json('retry', 'x')).toEqual({ retried: 1 })
    expect((await queue.getJobCounts('failed', 'wait')).failed).toBe(0)
    expect(await json('drain')).toEqual({ drain: [sweep.id] })
    expect(await run('list')).toContain(`${sweep.id} is drained`)
    expect(await json('resume', 'x')).toEqual({ resume: [sweep.id] })
    expect(await queue.isPaused()).toBe(false)
    expect(await json('purge')).toEqual({ purged: [] })
    expect(await json('cancel', 'x')).toEqual({ cancelled: [sweep.id] })
    expect([await registry.list(), await registry.isCancelled(sweep.id)]).toEqual([[], true])
    expect(await queue.getJobCounts('wait', 'failed')).toEqual({ wait: 0, failed: 0 })
    await registry.put(sweep)
    expect(await run('purge', undefined, undefined, { olderThan: 1e-9 })).toBe(
      `${sweep.id} is removed from the queue\n`,
    )
    expect(await run('list')).toBe('no sweep in the queue\n\nno worker\n')
  })

  test('names what there is if a sweep or a point is not there', async () => {
    const { run, sweep } = await filled()
    await expect(run('show', 'y')).rejects.toMatchObject({
      error: { _tag: 'UsageError', actual: 'y, with which none begins', hint: `Known: ${sweep.id}` },
    })
    await expect(run('logs', 'x')).rejects.toMatchObject({ error: { expected: 'a point after the sweep' } })
    await expect(run('cancel')).rejects.toMatchObject({ error: { actual: 'none' } })
    await expect(run('logs', 'x', 'job-')).rejects.toMatchObject({
      error: { actual: 'job-, with which several begin' },
    })
  })

  test('is refused without an action that it knows', () => {
    expect(refusalOf(() => parseArguments(['queue', 'empty']).asked)).toMatchObject({
      _tag: 'UsageError',
      actual: '"empty"',
    })
  })
})
