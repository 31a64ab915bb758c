import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { rememberVersion } from '../../../src/runtime/folder/plan.js'
import { followQueue } from '../../../src/runtime/queue/follow/followQueue.js'
import { resultOfPoint } from '../../../src/runtime/queue/follow/resultOfPoint.js'
import { queueNameOf } from '../../../src/runtime/queue/queuedSweep.js'
import { sweepRegistry } from '../../../src/runtime/queue/sweepRegistry.js'
import type { FinishedRun, RunStorage } from '../../../src/runtime/storage/runStorage.js'
import { sharedRuns } from '../../../src/runtime/storage/sharedRuns.js'
import type { PointOutcome } from '../../../src/runtime/sweep/pointMessages.js'
import { needing, redisServer } from '../../support/needs.js'
import { summaryOf } from '../../support/summary.js'
import { until } from '../../support/until.js'
import { fakePipeline, temporaryFolder } from '../fakes.js'
import { connectedTo } from './enqueued.js'
import { type OwnRedis, ownRedis } from './redis.js'

const summary = summaryOf(1)
const version = '0123456789abcdef0123'
const key = '0'.repeat(20)

const store = (finished: RunStorage['finished']): Pick<RunStorage, 'shown' | 'finished' | 'reached'> => ({
  shown: 'runs',
  finished,
  reached: async () => undefined,
})

/** Enqueues points of a sweep in a new folder. */
const follow = async (
  redis: OwnRedis,
  storage: Pick<RunStorage, 'shown' | 'finished' | 'reached'>,
  { folder = join(temporaryFolder(), 'rates'), fileVersion = version } = {},
) => {
  mkdirSync(folder, { recursive: true })
  const connection = { host: '127.0.0.1', port: redis.port, db: 0, maxRetriesPerRequest: null } as const
  const warned: string[] = []
  const followed = await followQueue({
    url: { shown: redis.url, connection },
    file: `${folder}/sweep.ts`,
    pipelines: folder,
    values: {},
    folder,
    storage,
    priority: 5,
    attempts: 1,
    warn: (message) => void warned.push(message),
  })
  onTestFinished(() => followed.end('left'))
  const pipeline = fakePipeline()
  rememberVersion(pipeline, fileVersion)
  const run = (own = key): Promise<PointOutcome> => {
    const point = { label: 'rate=4', params: { rate: 4 }, seed: 1, pipeline }
    return followed.runPoint(point, { key: own, seed: 1, folder, options: {} }, () => undefined).outcome
  }
  const id = () => until('the sweep in the queue', () => followed.id())
  return { ...followed, run, id, folder, warned }
}

/** A worker that says that each point is done. */
const yes = (redis: OwnRedis, id: string): void => {
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null } as const
  const worker = new Worker(
    queueNameOf(id),
    async () => ({ ...summary, after: { clean: 1, attacks: {}, examples: 1 } }),
    {
      connection,
    },
  )
  worker.on('error', () => undefined)
  onTestFinished(() => worker.close(true))
}

describe('the result of a point in a queue', needing(redisServer), () => {
  test('is the one in the store, whatever the queue says', async () => {
    const redis = await ownRedis()
    const { run, id } = await follow(
      redis,
      store(async () => ({ summary, fileVersion: version })),
    )
    const outcome = run()
    yes(redis, await id())
    expect(await outcome).toEqual({ type: 'done', summary })
  })

  test('ends with the sweep: nothing of it stays in the queue', async () => {
    const redis = await ownRedis()
    const { run, id, end } = await follow(
      redis,
      store(async () => ({ summary, fileVersion: version })),
    )
    const outcome = run()
    yes(redis, await id())
    await outcome
    await end('done')
    const client = connectedTo(redis)
    const left = (await client.keys('*')).filter(
      (name) => !name.endsWith(':stalled-check') && name !== 'pwoa:cancelled',
    )
    expect(left).toEqual([])
  })
})

describe('a sweep in a queue', needing(redisServer), () => {
  test('has its own points, also if another folder has the same name', async () => {
    const redis = await ownRedis()
    const sweeps = [
      await follow(
        redis,
        store(async () => undefined),
      ),
      await follow(
        redis,
        store(async () => undefined),
      ),
    ]
    for (const { run } of sweeps) void run()
    const ids = await Promise.all(sweeps.map(({ id }) => id()))
    expect(new Set(ids).size).toBe(2)
    expect(ids.map((id) => id.slice(0, 'rates-'.length))).toEqual(['rates-', 'rates-'])
  })

  test('takes the place of the points that another version of its file has left', async () => {
    const redis = await ownRedis()
    const first = await follow(
      redis,
      store(async () => undefined),
    )
    void first.run()
    const before = await first.id()
    await first.end('left')
    const registry = sweepRegistry(connectedTo(redis))
    expect((await registry.list()).map(({ id }) => id)).toEqual([before])
    const second = await follow(
      redis,
      store(async () => undefined),
      {
        folder: first.folder,
        fileVersion: 'f'.repeat(20),
      },
    )
    void second.run()
    const now = await second.id()
    await until('the new sweep alone', async () => (await registry.list()).map(({ id }) => id).join() === now)
    expect(now).not.toBe(before)
  })
})

describe('the result of a point in a store', () => {
  const name = { sweep: 'x', key }

  test('is missing if the queue says that the point is done and no worker has run it', async () => {
    expect(
      await resultOfPoint(
        store(async () => undefined),
        name,
        version,
        [1, 1],
      ),
    ).toMatchObject({
      type: 'failed',
      error: { expected: expect.stringContaining('in runs'), hint: expect.stringContaining('--runs') },
    })
  })

  test('may appear late', async () => {
    const looks: (FinishedRun | undefined)[] = [undefined, undefined, { summary, fileVersion: version }]
    const late = store(async () => looks.shift())
    expect(await resultOfPoint(late, name, version, [1, 1])).toEqual({ type: 'done', summary })
  })

  test.each([undefined, 'f'.repeat(20)])('of version %s of the file is refused', async (fileVersion) => {
    const finished = store(async () => ({ summary, fileVersion }))
    expect(await resultOfPoint(finished, name, version, [])).toMatchObject({
      type: 'failed',
      error: { expected: 'a result of this version of the pipeline file' },
    })
  })

  test('with a robust accuracy of 150 % is refused', async () => {
    const runs = temporaryFolder()
    const folder = join(runs, 'x', 'points', key)
    mkdirSync(folder, { recursive: true })
    const after = { clean: 0.9, attacks: { pgd: 1.5 }, examples: 10 }
    writeFileSync(join(folder, 'summary.json'), JSON.stringify({ ...summary, after }))
    expect(await resultOfPoint(sharedRuns(runs), name, version, [])).toMatchObject({
      type: 'failed',
      error: { _tag: 'FileError', expected: 'a share from 0 to 1 as after.attacks.pgd', actual: '1.5' },
    })
  })
})
