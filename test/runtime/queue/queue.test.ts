import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildCommand } from '../../cli/commandLine.js'
import { inLong } from '../../support/longer.js'
import { needing, redisServer, redisTls } from '../../support/needs.js'
import { until } from '../../support/until.js'
import { connectedTo, enqueued } from './enqueued.js'
import { type OwnRedis, ownRedis, selfSigned } from './redis.js'
import { checkpointsIn, doneIn, outcomesIn, studio, sweepFile, workerArgs } from './studio.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** Kills of workers in one sweep; even. */
const KILLS = 8

/** Reproducible numbers from 0 to 1, by a linear congruential generator. */
const numbers = (seed: number) => {
  let state = seed
  return (): number => {
    state = (1_103_515_245 * state + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

/** The names of all checkpoints, joined: they change with each new checkpoint. */
const newestIn = (folder: string): string => {
  const points = join(folder, 'points')
  const folders = existsSync(points) ? readdirSync(points).map((key) => join(points, key, 'checkpoints')) : []
  return folders
    .filter(existsSync)
    .flatMap((one) => readdirSync(one))
    .join()
}

const childrenOf = (pid: number | undefined): readonly number[] => {
  const file = `/proc/${pid}/task/${pid}/children`
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : []
}

const killAtOnce = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // The process has ended already.
  }
}

const worker = (cwd: string, redis: OwnRedis) => command.start(workerArgs(redis), cwd)

const follow = (cwd: string, redis: OwnRedis, ...more: readonly string[]) =>
  command.start(
    ['pipelines/sweep.ts', '--engine', 'wasm', '--queue', redis.url, '--out', 'runs/halvings', ...more],
    cwd,
  )

describe('a sweep on a queue', needing(redisServer), () => {
  test('is finished by three workers that are killed repeatedly, while Redis is down for a time: each result once, as without a queue', {
    ...needing(inLong),
    timeout: 300_000,
  }, async () => {
    const redis = await ownRedis()
    const cwd = studio()
    writeFileSync(join(cwd, 'pipelines', 'sweep.ts'), sweepFile.replace('[30, 31, 32, 33]', '[50, 51, 52]'))
    const whole = await command.run(['pipelines/sweep.ts', '--engine', 'wasm', '--out', 'whole', '--quiet'], cwd)
    expect(whole).toMatchObject({ code: 0 })

    const folder = join(cwd, 'runs', 'halvings')
    const workers = [worker(cwd, redis), worker(cwd, redis), worker(cwd, redis)]
    const all = [...workers]
    const following = follow(cwd, redis, '--json')
    const random = numbers(1)
    for (let kills = 1; kills <= KILLS; kills++) {
      const before = newestIn(folder)
      await until('a newer checkpoint', () => newestIn(folder) !== before || following.child.exitCode !== null)
      // A random moment up to the next checkpoint.
      await pause(200 * random())
      const chosen = Math.floor(3 * random())
      const victim = workers[chosen]
      // In half of the kills the processes of the points are killed as well, as if the machine failed.
      const own = random() < 0.5 ? childrenOf(victim?.child.pid) : []
      victim?.child.kill('SIGKILL')
      for (const pid of own) killAtOnce(pid)
      expect(await victim?.ended, `kill ${kills}`).toMatchObject({ code: null })
      if (kills === KILLS / 2) {
        await redis.kill()
        await workers[(chosen + 1) % 3]?.prints(/can't be reached \(ECONN\w+\): waiting for it/)
        await redis.start()
      }
      const next = worker(cwd, redis)
      workers[chosen] = next
      all.push(next)
    }
    expect(following.child.exitCode, 'killed in the middle of the work').toBeNull()
    const { code, stdout, stderr } = await following.ended
    expect(code, stderr).toBe(0)
    const points: { state: string; key: string }[] = JSON.parse(stdout).points
    expect(points.map(({ state }) => state)).toEqual(Array(6).fill('done'))
    expect(new Set(points.map(({ key }) => key)).size).toBe(6)
    expect(outcomesIn(folder)).toEqual(outcomesIn(join(cwd, 'whole')))
    const tables = ['runs/halvings', 'whole'].map((one) =>
      readFileSync(join(cwd, one, 'results.csv'), 'utf8').replace(/,[\d.]+,(?=[0-9a-f]{20}\r)/g, ',,'),
    )
    expect(tables[0]).toBe(tables[1])

    for (const { child } of workers) child.kill('SIGTERM')
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0, stdout: '' })
    const said = (await Promise.all(all.map(({ ended }) => ended))).map((ended) => ended.stderr).join('')
    const done = said.match(/^\S+: done$/gm) ?? []
    expect(new Set(done).size, 'no point is done twice').toBe(done.length)
  })

  test('continues on another worker after one is stopped, and no point is run twice', needing(inLong), async () => {
    const redis = await ownRedis()
    const cwd = studio()
    const folder = join(cwd, 'runs', 'halvings')
    const first = worker(cwd, redis)
    const following = follow(cwd, redis)
    await until('a checkpoint', () => checkpointsIn(folder) >= 1)
    first.child.kill('SIGTERM')
    const left = await first.ended
    expect([left.code, left.stderr]).toEqual([0, expect.stringContaining('stopping: saving what is under way')])
    expect(
      readdirSync(join(folder, 'points')).filter((key) => existsSync(join(folder, 'points', key, 'run.lock'))),
    ).toEqual([])
    following.child.kill('SIGINT')
    const words = /resume with: pwoa-run (.*)\n/.exec((await following.ended).stderr)?.[1]?.split(' ') ?? []
    expect(words).toContain('--queue')
    const second = command.start([...workerArgs(redis), '--workers', '2'], cwd)
    expect(await command.run([...words, '--json', '--quiet'], cwd)).toMatchObject({ code: 0 })
    second.child.kill('SIGTERM')
    const begun = `${left.stderr}${(await second.ended).stderr}`.match(/: begun/g)
    expect(begun).toHaveLength(9)
  })

  test('splits an evaluation, with the same figures as in one piece', needing(inLong), async () => {
    const redis = await ownRedis()
    const cwd = studio()
    const args = ['pipelines/evaluation.ts', '--engine', 'wasm', '--quiet']
    expect(await command.run([...args, '--out', 'whole'], cwd, { PIECES: 'one' })).toMatchObject({ code: 0 })
    const workers = [worker(cwd, redis), worker(cwd, redis)]
    const queued = [...args, '--json', '--queue', redis.url, '--out', 'runs/evaluation']
    const { code, stdout, stderr } = await command.run(queued, cwd)
    expect(code, stderr).toBe(0)
    const key: string = JSON.parse(stdout).points.at(-1).key
    expect(readFileSync(join(cwd, 'runs', 'evaluation', 'points', key, 'attacks.jsonl'), 'utf8')).toBe(
      readFileSync(join(cwd, 'whole', 'attacks.jsonl'), 'utf8'),
    )
    for (const { child } of workers) child.kill('SIGTERM')
    const said = (await Promise.all(workers.map(({ ended }) => ended))).map((ended) => ended.stderr).join('')
    expect(said.match(/: begun/g)).toHaveLength(4)
  })

  test('is refused by a worker with another file, and the follower of the sweep gets the reason', async () => {
    const redis = await ownRedis()
    const cwd = studio()
    const other = studio()
    writeFileSync(join(other, 'pipelines', 'sweep.ts'), sweepFile.replaceAll('halve(epochs)', 'halve(epochs + 1)'))
    const refusing = worker(other, redis)
    const following = follow(cwd, redis)
    await following.prints(
      /warning: --queue: worker on \S+: refused: expected sweep\.ts of version [0-9a-f]{8}, which the sweep was started with, got version [0-9a-f]{8}/,
    )
    // A refusal ends neither the worker nor the follower, is said once, and starts no process.
    expect([refusing.child.exitCode, following.child.exitCode]).toEqual([null, null])
    const started = childrenOf(refusing.child.pid).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    expect(started.filter((line) => line.includes('pointMain'))).toEqual([])
    refusing.child.kill('SIGKILL')
    following.child.kill('SIGKILL')
  })

  test('is never run from an invalid job', async () => {
    const redis = await ownRedis()
    const cwd = studio()
    writeFileSync(join(cwd, 'evil.ts'), `import { writeFileSync } from 'node:fs'\nwriteFileSync('hurt', '')\n`)
    const good = { key: '0123456789abcdef0123', label: 'a', seed: 0, engine: 'wasm' }
    const pipelines = join(cwd, 'pipelines')
    const client = connectedTo(redis)
    // A user who can write to Redis may put anything there.
    const { sweep, queue, ids } = await enqueued(redis, pipelines, [
      { ...good, key: '../../etc' },
      { ...good, seed: 'secret-text' },
      'nothing',
    ])
    for (const [index, own] of [{ file: '../evil.ts' }, { folder: '../..' }, { values: 'secret-text' }].entries())
      await client.hset(
        'pwoa:sweeps',
        `evil-${index}`,
        JSON.stringify({ ...sweep, id: `evil-${index}1234567-01234567`, ...own }),
      )
    await client.hset('pwoa:sweeps', 'x', '[[[')
    const running = worker(cwd, redis)
    for (const id of ids) await until(`job ${id} to fail`, async () => (await queue.getJobState(id)) === 'failed')
    const reasons = await Promise.all(
      ids.map(async (id) => JSON.parse((await queue.getJob(id))?.failedReason ?? '{}').actual),
    )
    expect(reasons).toEqual(['a wrong key', 'a wrong seed', 'a wrong record'])
    await running.prints(
      /evil-01234567-01234567: refused: expected a file in pipelines, got \.\.\/evil\.ts, which is outside/,
    )
    running.child.kill('SIGTERM')
    const { stderr } = await running.ended
    expect(stderr).not.toContain('secret-text')
    expect(existsSync(join(cwd, 'hurt'))).toBe(false)
  })

  test('can be watched: figures for Prometheus, and a line of JSON for the end of each point', async () => {
    const redis = await ownRedis()
    const cwd = studio()
    const { sweep, ids, queue } = await enqueued(redis, join(cwd, 'pipelines'), ['nothing', 'either'])
    const running = command.start([...workerArgs(redis), '--metrics-at', '127.0.0.1:0', '--log', 'json'], cwd)
    const [, url = ''] = await running.prints(/"metrics: (http:\S+)\/metrics"/)
    for (const id of ids) await until(`job ${id} to fail`, async () => (await queue.getJobState(id)) === 'failed')
    const get = async (path: string) => {
      const response = await fetch(url + path)
      return [response.status, await response.text()] as const
    }
    const [, figures] = await get('/metrics')
    for (const line of [
      'pwoa_points_ended_total{end="failed"} 2',
      'pwoa_point_seconds_count 2',
      'pwoa_points_running 0',
      `pwoa_queue_points{sweep="${sweep.id}",state="failed"} 2`,
      'process_resident_memory_bytes',
    ])
      expect(figures).toContain(line)
    expect(await get('/healthz')).toEqual([200, 'ok\n'])
    expect(await get('/readyz')).toEqual([200, 'ready\n'])
    expect((await get('/else'))[0]).toBe(404)
    await redis.kill()
    await until('the loss of Redis', async () => (await get('/readyz'))[0] === 503)
    expect((await get('/healthz'))[0]).toBe(200)
    expect((await get('/metrics'))[1]).toContain('pwoa_worker_ready 0')
    running.child.kill('SIGTERM')
    const { code, stderr } = await running.ended
    expect(code).toBe(0)
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.filter(({ event }) => event === 'failed')).toMatchObject(
      ids.map((point) => ({ sweep: sweep.id, point, seconds: expect.any(Number), time: expect.stringMatching(/Z$/) })),
    )
  })

  test('is not waited for after the first interruption, if Redis is not there', async () => {
    const redis = { url: 'redis://127.0.0.1:1' }
    const cwd = studio()
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      for (const trying of [
        command.start(workerArgs(redis), cwd),
        command.start(['pipelines/sweep.ts', '--engine', 'wasm', '--queue', redis.url, '--out', 'runs/halvings'], cwd),
      ]) {
        await trying.prints(/can't be reached \(ECONNREFUSED\): waiting for it/)
        trying.child.kill(signal)
        expect(await trying.ended).toMatchObject({ code: 130 })
      }
  })

  test('is refused if Redis may evict jobs', async () => {
    const redis = await ownRedis()
    await connectedTo(redis).config('SET', 'maxmemory-policy', 'allkeys-lru')
    const { code, stderr } = await command.run(workerArgs(redis), studio())
    expect([code, stderr]).toEqual([2, expect.stringContaining('maxmemory-policy noeviction')])
  })

  test(
    'works with a password over TLS, and the password is in no log, no file and no list of processes',
    needing(redisTls),
    async () => {
      const password = 'not-to-be-seen'
      const tls = selfSigned()
      const redis = await ownRedis({ password, tls })
      const cwd = studio()
      const env = { PWOA_QUEUE: redis.url.replace('://', `://:${password}@`), NODE_EXTRA_CA_CERTS: tls.certificate }
      const args = workerArgs(redis).flatMap((word) => (word === redis.url ? [] : [word]))
      const working = command.start(args, cwd, env)
      const following = command.start(
        ['pipelines/sweep.ts', '--engine', 'wasm', '--queue', '--out', 'runs/halvings'],
        cwd,
        // The certificate is valid for the address as well.
        { ...env, PWOA_QUEUE: env.PWOA_QUEUE.replace('localhost', '127.0.0.1') },
      )
      await until('a point that is done', () => doneIn(join(cwd, 'runs', 'halvings')) >= 1)
      const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n')
      expect(processes.filter((line) => line.includes(password) && !line.startsWith('redis-server'))).toEqual([])
      following.child.kill('SIGINT')
      working.child.kill('SIGTERM')
      const [followed, worked] = [await following.ended, await working.ended]
      expect(worked.stderr).toContain(`from ${redis.url}`)
      expect(followed.stderr).not.toMatch(/Warning|can't be reached/)
      const said = [followed, worked].map(({ stdout, stderr }) => stdout + stderr).join('')
      const files = readdirSync(join(cwd, 'runs'), { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      )
      const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      expect([said, ...texts].filter((text) => text.includes(password))).toEqual([])
    },
  )

  test(
    'is not used if its certificate is not trusted, without TLS, or with a wrong password',
    needing(redisTls),
    async () => {
      const password = 'not-to-be-seen'
      const tls = selfSigned()
      const redis = await ownRedis({ password, tls })
      const cwd = studio()
      const args = workerArgs(redis).flatMap((word) => (word === redis.url ? [] : [word]))
      const right = redis.url.replace('://', `://:${password}@`)
      const tries = [
        [{ PWOA_QUEUE: right }, /\((DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)\): waiting for it/],
        [{ PWOA_QUEUE: right.replace('rediss', 'redis') }, /can't be reached \(.*\): waiting for it/],
        [{ PWOA_QUEUE: right.replace(password, 'wrong-one'), NODE_EXTRA_CA_CERTS: tls.certificate }, /WRONGPASS/],
      ] as const
      const wrong = await command.run(args, cwd, tries[2][0])
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('a user name and a password that')])
      const said = await Promise.all(
        tries.map(async ([env, words]) => {
          const trying = command.start(args, cwd, env)
          await trying.prints(words)
          trying.child.kill('SIGKILL')
          return (await trying.ended).stderr
        }),
      )
      expect(said.filter((text) => text.includes(password) || text.includes('wrong-one'))).toEqual([])
    },
  )
})
