import { Worker } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { followQueue } from '../../../src/runtime/queue/followQueue.js'
import { queueName } from '../../../src/runtime/queue/queueJob.js'
import type { PointOutcome } from '../../../src/runtime/sweep/pointMessages.js'
import { needing, redisServer } from '../../support/needs.js'
import { summaryOf } from '../../support/summary.js'
import { fakePipeline, temporaryFolder } from '../fakes.js'
import { ownRedis } from './redis.js'

const summary = summaryOf(1)

const accuracies = { clean: 0.9, attacks: { pgd: 0.5 }, examples: 10 }

/** Enqueues the same point at each call, with a worker that returns the given result. */
const queueOfOne = async () => {
  const redis = await ownRedis()
  const connection = { host: '127.0.0.1', port: redis.port, db: 0, maxRetriesPerRequest: null } as const
  const folder = temporaryFolder()
  const place = { key: '0'.repeat(20), seed: 1, folder, options: {} }
  const point = { label: 'rate=4', params: { rate: 4 }, seed: 1, pipeline: fakePipeline() }
  return async (answer: unknown): Promise<PointOutcome> => {
    const worker = new Worker(queueName, async () => answer, { connection })
    const followed = await followQueue({
      url: { shown: redis.url, connection },
      file: `${folder}/sweep.ts`,
      pipelines: folder,
      values: {},
      folder: `${folder}/runs`,
      attempts: 1,
      warn: () => undefined,
    })
    onTestFinished(async () => void (await Promise.allSettled([followed.close(), worker.close(true)])))
    const outcome = await followed.runPoint(point, place, () => undefined).outcome
    await Promise.all([followed.close(), worker.close()])
    return outcome
  }
}

describe('the result of a point in a queue', needing(redisServer), () => {
  test.each<readonly [what: string, result: unknown, expected: string, actual: string]>([
    [
      'a robust accuracy of 150 %',
      { ...summary, after: { ...accuracies, attacks: { pgd: 1.5 } } },
      'a share from 0 to 1 as after.attacks.pgd of the result in the queue',
      '1.5',
    ],
    [
      'a clean accuracy that is not a number',
      { ...summary, before: { ...accuracies, clean: Number.NaN } },
      'a share from 0 to 1 as before.clean of the result in the queue',
      'null',
    ],
    ['another value', 7, 'a summary as the result in the queue', '7'],
  ])('is refused with %s, and the point is run again by the next sweep', async (_, result, expected, actual) => {
    const answered = await queueOfOne()
    expect(await answered(result)).toMatchObject({
      type: 'failed',
      error: { _tag: 'RunError', stage: 'rate=4', expected, actual },
    })
    expect(await answered({ ...summary, after: accuracies })).toEqual({
      type: 'done',
      summary: { ...summary, after: accuracies },
    })
  })
})
