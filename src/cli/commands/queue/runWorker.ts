import { valueOf } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import type { CheckpointOptions } from '../../../dsl/pipeline/run.js'
import { gpuPool } from '../../../runtime/pointProcess/gpuPool.js'
import { parseQueueUrl } from '../../../runtime/queue/queueUrl.js'
import { startWorker } from '../../../runtime/queue/worker/startWorker.js'
import { workerMetrics } from '../../../runtime/queue/worker/workerMetrics.js'
import type { Say } from '../../../runtime/queue/worker/workerTypes.js'
import { openRunStorage } from '../../../runtime/storage/openRunStorage.js'
import { parseRunsPlace } from '../../../runtime/storage/runsPlace.js'
import type { Address, LogForm } from '../../arguments/optionReaders.js'
import type { Outcome } from '../../arguments/outcome.js'
import { interruptible, onInterrupt } from '../../show/onInterrupt.js'
import { printLine } from '../../show/print.js'
import { serveMetrics } from '../../show/serveMetrics.js'

/** What `pwoa-run worker` asks for. */
export interface WorkerRequest {
  /** The queue's URL; `true` or undefined: that of the environment. */
  readonly queue: string | true | undefined
  readonly pipelines: string
  readonly runs: string
  readonly workers: number | undefined
  readonly gpus: readonly string[] | undefined
  readonly lease: number
  readonly dataDir: string | undefined
  readonly checkpoints: CheckpointOptions | undefined
  readonly allow: readonly string[]
  readonly grace: number | undefined
  readonly metricsAt: Address | undefined
  readonly log: LogForm
}

/**
 * Takes points from the queue and runs them until it is interrupted.
 *
 * @throws UsageError if the queue's URL or the place of the runs is invalid, or the password is wrong
 */
export const runWorker = async (request: WorkerRequest): Promise<Outcome> => {
  const { queue, pipelines, runs, gpus, lease, dataDir, checkpoints, allow, grace, metricsAt } = request
  const workers = request.workers ?? gpus?.length ?? 1
  const url = valueOf(parseQueueUrl(queue === true ? undefined : queue, process.env))
  const place = valueOf(parseRunsPlace(runs))
  const say = sayings[request.log]
  const run = given({ dataDir, checkpoints })
  const storage = await openRunStorage(place, { environment: process.env, checkpoints: checkpoints ?? {}, say })
  const metrics = metricsAt && (await workerMetrics())
  const { onEnd, onProgress } = metrics ?? {}
  const options = {
    ...{ url, pipelines, allow, storage, workers, lease, grace, run, say },
    ...given({ onEnd, onProgress, gpus: gpus && gpuPool(gpus) }),
  }
  const worker = await interruptible((signal) => startWorker({ ...options, signal }))
  metrics?.watch(worker)
  const server = metrics && metricsAt && (await serveMetrics({ ...metrics, isReady: worker.isReady }, metricsAt))
  if (server) say(`metrics: http://${metricsAt.host}:${server.port}/metrics`)
  say(`worker: ${workers} at a time, from ${url.shown}, runs in ${storage.shown}`)
  await new Promise<void>((resolve) => {
    onInterrupt(() => {
      say('stopping: saving what is under way; interrupt again to quit at once')
      void worker.stop().then(resolve)
    })
  })
  server?.close()
  return { text: '', code: 0 }
}

/** How messages are written. */
const sayings: Readonly<Record<LogForm, Say>> = {
  text: (message) => printLine(process.stderr, message),
  json: (message, facts = {}) =>
    printLine(process.stderr, JSON.stringify({ time: new Date().toISOString(), message, ...facts })),
}
