/** How long the queue takes for a point: `node bench/queue.mjs`, with redis-server installed. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue, Worker } from 'bullmq'

const port = 7998
const jobs = 2000
const idleWorkers = 20
const idleSeconds = 20

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

/** As large as the summary of a run with two attacks. */
const summary = { pipeline: 'digits-4x', params: { rate: 4, seed: 0 }, filler: 'x'.repeat(650) }
const dataOf = (i) => ({
  version: '0.1.0',
  file: 'studies/sweep.ts',
  values: { rates: '2,4,8,16', epochs: '10' },
  folder: 'sweep',
  key: String(i).padStart(20, '0'),
  seed: i,
  engine: 'auto',
})
const options = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: { age: 604800 },
  removeOnFail: { age: 604800 },
}

const queue = new Queue('pwoa', { connection })
queue.on('error', () => undefined)
await queue.waitUntilReady()
const [empty, before, begun] = [memory(), commands(), performance.now()]
for (let i = 0; i < jobs; i++) await queue.add('point', dataOf(i), { jobId: `sweep-${dataOf(i).key}`, ...options })
const enqueued = performance.now()
say(
  `enqueue: ${((enqueued - begun) / jobs).toFixed(1)} ms, ${((commands() - before) / jobs).toFixed(0)} commands a point; ${((memory() - empty) / jobs / 1000).toFixed(1)} kB while it waits`,
)

const [taken, started] = [commands(), performance.now()]
await new Promise((resolve) => {
  let done = 0
  const worker = new Worker('pwoa', async () => summary, { connection })
  worker.on('completed', () => {
    done += 1
    if (done === jobs) resolve(worker.close())
  })
})
say(
  `take and complete: ${((performance.now() - started) / jobs).toFixed(1)} ms, ${((commands() - taken) / jobs).toFixed(0)} commands a point; ${((memory() - empty) / jobs / 1000).toFixed(1)} kB when it is done`,
)

const alone = memory()
const idle = Array.from({ length: idleWorkers }, () => new Worker('pwoa', async () => summary, { connection }))
await Promise.all(idle.map((worker) => worker.waitUntilReady()))
const quiet = commands()
await new Promise((resolve) => setTimeout(resolve, 1000 * idleSeconds))
say(
  `an idle worker: ${((commands() - quiet) / idleSeconds / idleWorkers).toFixed(1)} commands a second, ${((memory() - alone) / idleWorkers / 1000).toFixed(0)} kB`,
)
process.exit()
