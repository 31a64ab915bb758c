import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Queue } from 'bullmq'
import { isLeft } from 'fp-ts/lib/Either.js'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { ownVersion } from '../../../src/runtime/host/ownPackage.js'
import { type QueuedSweep, queueNameOf, sweepIdOf } from '../../../src/runtime/queue/queuedSweep.js'
import type { QueueJob } from '../../../src/runtime/queue/queueJob.js'
import { sweepRegistry } from '../../../src/runtime/queue/sweepRegistry.js'
import { knownFile } from '../../../src/runtime/queue/worker/knownFile.js'
import type { OwnRedis } from './redis.js'

/** The least that a worker takes for a pipeline file. It is never run. */
export const emptySweep = `import { sweep } from 'pwoa'\nexport default sweep\n`

/** The version of a file that a worker may run. */
export const versionOf = async (pipelines: string, file: string): Promise<string> => {
  const found = await knownFile({ pipelines, allow: [] }, file)
  if (isLeft(found)) throw new Error(found.left.error.actual)
  return found.right.version
}

/** The connection of a test, which ends with it. */
export const connectedTo = ({ port }: Pick<OwnRedis, 'port'>): Redis => {
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null })
  client.on('error', () => undefined)
  onTestFinished(() => client.disconnect())
  return client
}

export const job = (key: string): QueueJob => ({ key, label: 'rate=4', seed: 0, engine: 'wasm' })

/** Puts a sweep with these jobs into a Redis, for a new file `sweep.ts` in the folder. */
export const enqueued = async (
  redis: OwnRedis,
  pipelines: string,
  jobs: readonly unknown[],
  own: Partial<QueuedSweep> = {},
  text = emptySweep,
): Promise<{ readonly sweep: QueuedSweep; readonly queue: Queue; readonly ids: readonly string[] }> => {
  writeFileSync(join(pipelines, 'sweep.ts'), text)
  const client = connectedTo(redis)
  const fileVersion = await versionOf(pipelines, 'sweep.ts')
  const sweep: QueuedSweep = {
    id: sweepIdOf(own.folder ?? 'x', '0'.repeat(8), fileVersion),
    version: ownVersion(),
    file: 'sweep.ts',
    fileVersion,
    values: {},
    folder: 'x',
    priority: 5,
    points: jobs.length,
    created: Date.now(),
    ...own,
  }
  const queue = new Queue(queueNameOf(sweep.id), { connection: client })
  queue.on('error', () => undefined)
  const added = await queue.addBulk(
    jobs.map((data, index) => ({ name: 'point', data, opts: { jobId: `job-${index}` } })),
  )
  await sweepRegistry(client).put(sweep)
  return { sweep, queue, ids: added.map(({ id }) => id ?? '') }
}
