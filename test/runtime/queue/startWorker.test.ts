import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Job, Queue } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeError, type PwoaError, PwoaFailure } from '../../../src/dsl/errors.js'
import { ownVersion } from '../../../src/runtime/host/ownPackage.js'
import { failureOf } from '../../../src/runtime/queue/queueJob.js'
import { startWorker } from '../../../src/runtime/queue/startWorker.js'
import type { OpenRun, RunStorage } from '../../../src/runtime/storage/runStorage.js'
import type { FromPoint } from '../../../src/runtime/sweep/pointMessages.js'
import { needing, redisServer } from '../../support/needs.js'
import { summaryOf } from '../../support/summary.js'
import { until } from '../../support/until.js'
import { temporaryFolder } from '../fakes.js'
import { ownRedis } from './redis.js'

const summary = summaryOf(1)

/** The code of a point's process that answers at once. */
const entryOf = (answer: FromPoint): string =>
  `process.once('message', () => process.send(${JSON.stringify(answer)}, () => process.disconnect()))\n`

/** Runs one job, with a storage that has these functions, until the job has the state. */
const jobOn = async (
  own: Partial<RunStorage>,
  state: 'delayed' | 'failed',
  answer: FromPoint = { type: 'done', summary },
): Promise<{ readonly job: Job; readonly said: readonly string[] }> => {
  const [redis, folder] = [await ownRedis(), temporaryFolder()]
  writeFileSync(join(folder, 'entry.mjs'), entryOf(answer))
  writeFileSync(join(folder, 'sweep.ts'), '')
  const connection = { host: '127.0.0.1', port: redis.port, db: 0, maxRetriesPerRequest: null }
  const queue = new Queue('pwoa', { connection })
  onTestFinished(() => queue.disconnect())
  queue.on('error', () => undefined)
  const nothing = () => undefined
  const said: string[] = []
  const worker = await startWorker({
    url: { shown: redis.url, connection },
    pipelines: folder,
    storage: {
      shown: 's3://studies',
      secrets: [],
      finished: async () => undefined,
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
  const data = { version: ownVersion(), file: 'sweep.ts', values: {}, folder: 'x', key: '0'.repeat(20), seed: 0 }
  const { id = '' } = await queue.add('point', { ...data, engine: 'wasm' })
  await until(`a job that is ${state}`, async () => (await queue.getJobState(id)) === state)
  const job = await queue.getJob(id)
  await worker.stop()
  if (!job) throw new Error('no job')
  return { job, said }
}

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
    await jobOn({ open: async () => run }, 'delayed', answer)
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
    const { job, said } = await jobOn({ finished: failing(error) }, 'delayed')
    expect(job.progress).toEqual({ type: 'warning', stage: expect.stringMatching(/^worker on ./), message })
    expect(said).toEqual([`${job.id}: ${message}`])
  })

  test('refuses a result out of range from the process of a point, and names the field', async () => {
    const run: OpenRun = {
      folder: temporaryFolder(),
      advanced: () => undefined,
      bring: async () => false,
      finish: async (finished) => finished,
      leave: async () => undefined,
    }
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
    expect(said).toEqual([`${job.id}: failed: ${describeError(error)}`])
  })
})
