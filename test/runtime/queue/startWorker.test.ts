import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Job } from 'bullmq'
import { describe, expect, test } from 'vitest'
import { describeError, type PwoaError, PwoaFailure } from '../../../src/dsl/errors.js'
import { failureOf } from '../../../src/runtime/queue/queueJob.js'
import { startWorker } from '../../../src/runtime/queue/worker/startWorker.js'
import type { OpenRun, RunStorage } from '../../../src/runtime/storage/runStorage.js'
import type { FromPoint } from '../../../src/runtime/sweep/pointMessages.js'
import { needing, redisServer } from '../../support/needs.js'
import { summaryOf } from '../../support/summary.js'
import { until } from '../../support/until.js'
import { temporaryFolder } from '../fakes.js'
import { enqueued, job as jobOf } from './enqueued.js'
import { ownRedis } from './redis.js'

const summary = summaryOf(1)

/** The code of a point's process that answers at once. */
const entryOf = (answer: FromPoint): string =>
  `process.once('message', () => process.send(${JSON.stringify(answer)}, () => process.disconnect()))\n`

/** Runs one job, with a storage that has these functions, until the job has the state. */
const jobOn = async (
  own: Partial<RunStorage>,
  state: 'waiting' | 'failed',
  answer: FromPoint = { type: 'done', summary },
): Promise<{ readonly job: Job; readonly said: readonly string[] }> => {
  const [redis, folder] = [await ownRedis(), temporaryFolder()]
  writeFileSync(join(folder, 'entry.mjs'), entryOf(answer))
  const connection = { host: '127.0.0.1', port: redis.port, db: 0, maxRetriesPerRequest: null }
  const { queue, ids } = await enqueued(redis, folder, [jobOf('0'.repeat(20))])
  const [id = ''] = ids
  const nothing = () => undefined
  const said: string[] = []
  const worker = await startWorker({
    url: { shown: redis.url, connection },
    pipelines: folder,
    allow: [],
    storage: {
      shown: 's3://studies',
      secrets: [],
      finished: async () => undefined,
      reached: async () => undefined,
      open: async () => undefined,
      hurry: nothing,
      close: nothing,
      ...own,
    },
    workers: 1,
    entry: pathToFileURL(join(folder, 'entry.mjs')),
    lease: 30,
    run: {},
    say: (message) => void said.push(message),
  })
  const atEnd = async () =>
    (await queue.getJob(id))?.processedOn !== undefined && (await queue.getJobState(id)) === state
  await until(`a job that is ${state}`, atEnd)
  const job = await queue.getJob(id)
  await worker.stop()
  if (!job) throw new Error('no job')
  return { job, said }
}

const openRun = (): OpenRun => ({
  folder: temporaryFolder(),
  advanced: () => undefined,
  bring: async () => false,
  finish: async (finished) => finished,
  leave: async () => undefined,
})

const failing = (error: PwoaError) => async (): Promise<never> => {
  throw new PwoaFailure(error)
}

const away: PwoaError = {
  _tag: 'RunError',
  stage: '--runs',
  expected: 's3://studies to answer within 300 s',
  actual: 'ECONNREFUSED',
}

describe('a worker', needing(redisServer), () => {
  test.each([
    ['bring', { type: 'failed', error: away, lacks: ['1'.repeat(20)] }],
    ['finish', { type: 'done', summary }],
  ] as const)('saves an unfinished run if its function %s fails', async (name, answer) => {
    const done: string[] = []
    const run: OpenRun = {
      folder: temporaryFolder(),
      advanced: () => undefined,
      bring: async () => false,
      finish: async () => summary,
      leave: async () => void done.push('left'),
      [name]: failing(away),
    }
    await jobOn({ open: async () => run }, 'waiting', answer)
    expect(done).toEqual(['left'])
  })

  test.each<[string, PwoaError, string]>([
    ['whose store is away', away, describeError(away)],
    [
      'whose keys have no right',
      { _tag: 'OptionError', stage: '--runs', expected: 'to read', actual: 'ExpiredToken (400)', hint: 'New keys.' },
      '--runs: expected to read, got ExpiredToken (400). New keys.',
    ],
    [
      'whose disk is full',
      { _tag: 'WriteError', stage: 'worker', file: 'a', expected: 'to write the file', actual: 'a full disk' },
      'worker: a: expected to write the file, got a full disk',
    ],
  ])('%s offers the point again, with a warning for the follower of the sweep', async (_, error, message) => {
    const { job, said } = await jobOn({ finished: failing(error) }, 'waiting')
    expect(job.progress).toEqual({ type: 'warning', stage: expect.stringMatching(/^worker on ./), message })
    expect(said).toEqual([
      `x/${job.id}: ${message}`,
      'pausing for 10 s, because this machine, or its access to the storage, fails',
    ])
  })

  test.each<[string, FromPoint]>([
    [
      'its disk is full',
      {
        type: 'failed',
        error: { _tag: 'WriteError', stage: 'run', file: 'a', expected: 'to write the file', actual: 'ENOSPC' },
      },
    ],
    [
      'it has no memory',
      { type: 'failed', error: { _tag: 'RunError', stage: 'run', expected: 'to run', actual: 'spawn ENOMEM' } },
    ],
  ])('hands a point back if %s, takes no other for a while, and says so', async (_, answer) => {
    const { said } = await jobOn({ open: async () => openRun() }, 'waiting', answer)
    expect(said.at(-1)).toBe('pausing for 10 s, because this machine, or its access to the storage, fails')
  })

  test('refuses to repeat a result of another version of the pipeline file', async () => {
    const { job } = await jobOn({ finished: async () => ({ summary, fileVersion: '0'.repeat(20) }) }, 'failed')
    expect(failureOf(job.failedReason)).toMatchObject({
      expected: 'a result of this version of the pipeline file',
      actual: expect.stringContaining('one of another version, in s3://studies'),
    })
  })

  test('refuses a result out of range from the process of a point, and names the field', async () => {
    const run = openRun()
    const wrong = { ...summary, after: { clean: 0.9, attacks: { pgd: 1.5 }, examples: 10 } }
    const { job } = await jobOn({ open: async () => run }, 'failed', { type: 'done', summary: wrong })
    expect(job.failedReason).toBe(
      'its message was refused: expected a share from 0 to 1 as summary.after.attacks.pgd, got 1.5',
    )
  })

  test('fails a point whose objects are damaged, with one error', async () => {
    const facts = { stage: '--runs', expected: 'the result of a point', actual: 'something else', hint: 'Remove it.' }
    const error: PwoaError = { _tag: 'FileError', file: 's3://studies/x/result.json', ...facts }
    const { job, said } = await jobOn({ finished: failing(error) }, 'failed')
    expect(failureOf(job.failedReason)).toEqual(error)
    expect(said).toEqual([`x/${job.id}: failed: ${describeError(error)}`])
  })
})
