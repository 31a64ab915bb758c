import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Objects } from '../../../src/runtime/storage/objects.js'
import { openS3 } from '../../../src/runtime/storage/s3Objects.js'
import { buildCommand } from '../../cli/commandLine.js'
import { inLong } from '../../support/longer.js'
import { motoServer, needing, redisServer } from '../../support/needs.js'
import { until } from '../../support/until.js'
import { ownRedis } from '../queue/redis.js'
import { outcomesIn, studio, sweepFile, withoutTimes, workerArgs } from '../queue/studio.js'
import { environmentOf, keys, type OwnS3, startS3, wayTo } from '../storage/s3.js'

let command: Awaited<ReturnType<typeof buildCommand>>
let s3: OwnS3

const openBucket = async (bucket: string) => {
  const place = { type: 'bucket', bucket, prefix: '', shown: `s3://${bucket}` } as const
  const objects = await openS3(place, { environment: s3.environment, patience: () => 0, say: () => undefined })
  onTestFinished(objects.close)
  return objects
}

/** The contents of a bucket, by keys. */
const contentsOf = async (objects: Objects): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  for (const key of await objects.list('')) {
    const bytes = await objects.read(key)
    if (bytes) found.set(key, Buffer.from(bytes).toString('latin1'))
  }
  return found
}

/** The files of one name in the finished runs, by the keys of their points. */
const filesOf = (contents: ReadonlyMap<string, string>, name: string): ReadonlyMap<string, string> =>
  new Map(
    [...contents].flatMap(([key, text]) => {
      const point = new RegExp(`/points/([0-9a-f]{20})/run-[^/]+/${name}$`).exec(key)?.[1]
      return point === undefined ? [] : [[point, text] as const]
    }),
  )

/** The environment of a point's process must not contain the keys of the store. */
const watchful = `if (process.send && process.env.AWS_SECRET_ACCESS_KEY) throw new Error('a secret')\n`

/** Points of some seconds, so that a worker that is killed is in the middle of one. */
const longer = watchful + sweepFile.replace('[30, 31, 32, 33]', '[100]')

describe('a sweep on a queue, with runs in object storage', needing(redisServer, motoServer), () => {
  beforeAll(async () => {
    ;[command, s3] = await Promise.all([buildCommand(), startS3()])
    return () => {
      command.remove()
      return s3.stop()
    }
  })

  test('is finished by workers that share only a bucket, one of which is killed while the store is down, as without a queue', {
    ...needing(inLong),
    timeout: 300_000,
  }, async () => {
    const [redis, bucket, way] = [await ownRedis(), await s3.makeBucket(), await wayTo(s3.port)]
    const machines = [studio(), studio(), studio()]
    for (const cwd of machines) writeFileSync(join(cwd, 'pipelines', 'sweep.ts'), longer)
    const [home = ''] = machines
    const whole = await command.run(['pipelines/sweep.ts', '--engine', 'wasm', '--out', 'whole', '--quiet'], home)
    expect(whole).toMatchObject({ code: 0 })

    const start = (cwd: string) => command.start(workerArgs(redis, `s3://${bucket}/deep`), cwd, environmentOf(way.port))
    const first = start(machines[0] ?? '')
    const following = command.start(
      ['pipelines/sweep.ts', '--engine', 'wasm', '--queue', redis.url, '--out', 'runs/halvings', '--json'].concat(
        '--runs',
        `s3://${bucket}/deep`,
      ),
      home,
      environmentOf(way.port),
    )
    const objects = await openBucket(bucket)
    await until('a saved state', async () => (await objects.list('')).some((key) => key.includes('/saved/')))
    first.child.kill('SIGKILL')
    const second = start(machines[1] ?? '')
    await second.prints(/continuing from step [1-9]/)
    await way.cut()
    await second.prints(/s3:\/\/\S+ can't be reached \(ECONN\w+\): waiting for it/)
    await way.open()
    await second.prints(/s3:\/\/\S+ is back/)
    const third = start(machines[2] ?? '')
    const { code, stdout, stderr } = await following.ended
    expect(code, stderr).toBe(0)
    const points: { state: string }[] = JSON.parse(stdout).points
    expect(points.map(({ state }) => state)).toEqual(Array(2).fill('done'))

    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    for (const worker of [second, third]) worker.child.kill('SIGTERM')
    const said = await Promise.all([second, third].map(async (worker) => (await worker.ended).stderr))
    const contents = await contentsOf(objects)
    const metrics = filesOf(contents, 'metrics.jsonl')
    expect(new Map([...metrics].map(([key, text]) => [key, withoutTimes(text)]))).toEqual(
      outcomesIn(join(home, 'whole')),
    )
    expect([...contents.keys()].filter((key) => /\/saved\/|\/content-/.test(key))).toEqual([])
    expect(
      [processes, ...said, ...contents.values()].filter((text) => text.includes(keys.AWS_SECRET_ACCESS_KEY)),
    ).toEqual([])
  })

  test('splits an evaluation, with the same figures as in one piece', needing(inLong), async () => {
    const [redis, bucket, cwd] = [await ownRedis(), await s3.makeBucket(), studio()]
    const args = ['pipelines/evaluation.ts', '--engine', 'wasm', '--quiet']
    expect(await command.run([...args, '--out', 'whole'], cwd, { PIECES: 'one' })).toMatchObject({ code: 0 })
    const working = command.start([...workerArgs(redis, `s3://${bucket}`), '--workers', '2'], cwd, s3.environment)
    const queued = [...args, '--json', '--queue', redis.url, '--out', 'runs/evaluation', '--runs', `s3://${bucket}`]
    const { code, stdout, stderr } = await command.run(queued, cwd, s3.environment)
    expect(code, stderr).toBe(0)
    const key: string = JSON.parse(stdout).points.at(-1).key
    expect(filesOf(await contentsOf(await openBucket(bucket)), 'attacks.jsonl').get(key)).toBe(
      readFileSync(join(cwd, 'whole', 'attacks.jsonl'), 'utf8'),
    )
    working.child.kill('SIGTERM')
    expect(await working.ended).toMatchObject({ code: 0 })
  })

  test('is refused before any job if the bucket does not exist, with one error', async () => {
    const cwd = studio()
    const args = workerArgs({ url: 'redis://127.0.0.1:1' }, 's3://nowhere/runs')
    const { code, stdout, stderr } = await command.run(args, cwd, s3.environment)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe(
      'pwoa-run: --runs: expected to list s3://nowhere/runs, got NoSuchBucket (404)\n' +
        '  Make the bucket first, or mend its name or AWS_ENDPOINT_URL_S3.\n',
    )
    expect(readdirSync(join(cwd, 'runs'))).toEqual([])
  })
})
