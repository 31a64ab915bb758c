/** What the queue costs for a sweep of 10,000 points: `node bench/queue.mjs`, with redis-server installed and dist built. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue, Worker } from 'bullmq'
import { rememberVersion } from '../dist/runtime/folder/plan.js'
import { followQueue } from '../dist/runtime/queue/follow/followQueue.js'
import { queueNameOf } from '../dist/runtime/queue/queuedSweep.js'
import { startWorker } from '../dist/runtime/queue/worker/startWorker.js'

const port = 7998
const jobs = 10_000
const idleWorkers = 10
const seconds = 20

const dir = mkdtempSync(join(tmpdir(), 'pwoa-redis-'))
const redis = spawn(
  'redis-server',
  [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
  ],
  { stdio: 'ignore' },
)
process.on('exit', () => {
  redis.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
const info = (section, field) => {
  const text = execFileSync('redis-cli', ['-p', String(port), 'info', section], { encoding: 'utf8' })
  return Number(new RegExp(`${field}:(\\d+)`).exec(text)?.[1])
}
const memory = () => info('memory', 'used_memory')
const commands = () => info('stats', 'total_commands_processed')
const say = (text) => process.stdout.write(`${text}\n`)

const version = '0'.repeat(20)
const folder = join(dir, 'sweep')
mkdirSync(folder)
const quiet = () => undefined
const url = { shown: 'redis', connection }
const summary = {}
const pipeline = {}
rememberVersion(pipeline, version)

const pause = () => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
const perSecond = async () => {
  const before = commands()
  await pause()
  return (commands() - before) / seconds
}

const [empty, before, begun] = [memory(), commands(), performance.now()]
const followed = await followQueue({
  url,
  file: join(dir, 'sweep.ts'),
  pipelines: dir,
  values: {},
  folder,
  storage: { shown: 'store', finished: async () => ({ summary, fileVersion: version }) },
  priority: 5,
  attempts: 3,
  warn: quiet,
})
const outcomes = Array.from({ length: jobs }, (_, seed) => {
  const place = { key: String(seed).padStart(20, '0'), seed, folder, options: {} }
  return followed.runPoint({ label: `rate=4 seed=${seed}`, params: {}, seed, pipeline }, place, quiet).outcome
})
const waiting = async () => {
  const id = followed.id()
  if (id === undefined) return 0
  const queue = new Queue(queueNameOf(id), { connection })
  const count = await queue.getWaitingCount()
  await queue.close()
  return count
}
while ((await waiting()) < jobs) await new Promise((resolve) => setTimeout(resolve, 100))
const enqueued = performance.now()
say(
  `enqueue ${jobs}: ${((enqueued - begun) / 1000).toFixed(1)} s, ${((commands() - before) / jobs).toFixed(0)} commands a point; ${((memory() - empty) / jobs / 1000).toFixed(2)} kB each while they wait`,
)
say(
  `the follower of ${jobs} waiting points: ${(await perSecond()).toFixed(1)} commands a second, ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
)

const [taken, started] = [commands(), performance.now()]
const worker = new Worker(queueNameOf(followed.id()), async () => true, { connection, concurrency: 8 })
await Promise.all(outcomes)
say(
  `take, complete and follow: ${((performance.now() - started) / jobs).toFixed(1)} ms, ${((commands() - taken) / jobs).toFixed(0)} commands a point; ${((memory() - empty) / jobs / 1000).toFixed(2)} kB each when they are done`,
)
await worker.close()
await followed.end('done')

const alone = memory()
const storage = { shown: 'store', secrets: [], finished: quiet, open: quiet, hurry: quiet, close: quiet }
const idle = Array.from({ length: idleWorkers }, () =>
  startWorker({ url, pipelines: dir, allow: [], storage, workers: 1, lease: 30, run: {}, say: quiet }),
)
await Promise.all(idle)
say(
  `an idle worker: ${((await perSecond()) / idleWorkers).toFixed(1)} commands a second, ${((memory() - alone) / idleWorkers / 1000).toFixed(0)} kB`,
)
process.exit()
