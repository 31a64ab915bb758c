import * as E from 'fp-ts/lib/Either.js'
import { parseQueueUrl } from '../runtime/queue/queueUrl.js'
import { startWorker } from '../runtime/queue/startWorker.js'
import { openRunStorage } from '../runtime/storage/openRunStorage.js'
import { parseRunsPlace } from '../runtime/storage/runsPlace.js'
import { onInterrupt } from './onInterrupt.js'
import type { Outcome } from './runCommand.js'
import type { WorkerWord } from './word.js'

/** Does what `pwoa-run worker …` asks for: takes points off the queue until it is interrupted. */
export const workerCommand = async (word: WorkerWord): Promise<Outcome> => {
  const { queue, pipelines, runs, workers, lease, dataDir, checkpoints } = word
  const url = parseQueueUrl(queue === true ? undefined : queue, process.env)
  if (E.isLeft(url)) return { error: url.left }
  const place = parseRunsPlace(runs)
  if (E.isLeft(place)) return { error: place.left }
  const say = (message: string): void => void process.stderr.write(`${message}\n`)
  const run = { ...(dataDir === undefined ? {} : { dataDir }), ...(checkpoints === undefined ? {} : { checkpoints }) }
  const storage = await openRunStorage(place.right, { environment: process.env, checkpoints: checkpoints ?? {}, say })
  const worker = await startWorker({ url: url.right, pipelines, storage, workers, lease, run, say })
  say(`worker: ${workers} at a time, from ${url.right.shown}, runs in ${storage.shown}`)
  await new Promise<void>((resolve) => {
    onInterrupt(() => {
      say('stopping: saving what is under way; interrupt again to quit at once')
      void worker.stop().then(resolve)
    })
  })
  return { text: '', code: 0 }
}
