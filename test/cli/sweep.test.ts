import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { until } from '../support/until.js'
import { buildCommand, folderWith } from './commandLine.js'
import { userFiles } from './userFiles.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** Runs that compute with numbers instead of tensors; slow ones if `PACE` is set. */
const halvings = `
import { sweep, pipeline, syntheticDigits } from 'pwoa'
import { evaluated, halve, slowly } from './lib/halving'

const slow = process.env.PACE === 'slow'
export default sweep('halvings', { epochs: [20, 21], seed: [0, 1] }, ({ epochs }) => {
  const start = pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 }))
  return (slow ? start.pipe(slowly) : start).pipe(halve(epochs), evaluated)
})
`

/** Small runs that really train weights. */
const networks = `
import { admmMask, architecture, conv2d, crossEntropy, exportModel, flatten, initialise, linear, maxPool2d, pipeline, relu,
  sweep, syntheticDigits } from 'pwoa'

const tiny = architecture('tiny', { height: 28, width: 28, channels: 1 }, [
  conv2d('c', { out: 2, kernel: 5, stride: 3 }), relu(), maxPool2d({ kernel: 2 }), flatten(), linear('l', { out: 10 }),
])
export default sweep('networks', [{ rate: 2 }, { rate: 4 }, { rate: 2, seed: 5 }], ({ rate }) =>
  pipeline('tiny', syntheticDigits({ train: 64, test: 10, batchSize: 16 })).pipe(
    initialise(tiny),
    crossEntropy(),
    admmMask({ pattern: 'irregular', rate, epochs: 1, retrainEpochs: 1 }),
    exportModel('tiny.safetensors'),
  ))
`

const files = { ...userFiles, 'halvings.ts': halvings, 'networks.ts': networks }

/** The metrics of each point, without times. */
const outcomesIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(join(folder, 'points')).map((key) => {
      const lines = readFileSync(join(folder, 'points', key, 'metrics.jsonl'), 'utf8')
      return [key, lines.replace(/"seconds":[^,}]+/g, '')]
    }),
  )

/** The processes of running points, found by the locks of their folders. */
const processesIn = (folder: string): readonly number[] => {
  const points = join(folder, 'points')
  const locks = existsSync(points) ? readdirSync(points).map((key) => join(points, key, 'run.lock')) : []
  return locks.flatMap((file) => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    return text === '' ? [] : [JSON.parse(text).pid]
  })
}

describe('pwoa-run of a sweep', () => {
  test('lists its points with --plan', async () => {
    const { code, stdout } = await command.run(['halvings.ts', '--plan'], folderWith(files))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^halvings, 4 points\n {2}epochs=20 seed=0\n/)
  })

  test('runs the points in parallel processes, and does not run finished ones again', async () => {
    const cwd = folderWith(files)
    const args = ['halvings.ts', '--engine', 'wasm', '--workers', '2']
    const { code, stdout, stderr } = await command.run(args, cwd)
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(
      /^4 points, 2 at a time\n(\d\/4 epochs=2[01] seed=[01]: clean 98\.5 % {2}pgd 85\.0 % .*\n){4}$/,
    )
    expect(stdout).toMatch(/before.*\nepochs=20 seed=0.*\nepochs=20 seed=1.*\nepochs=21 seed=0.*\nepochs=21 seed=1.*\n/)
    // Lines are wrapped between words.
    expect(stdout.replaceAll('\n  ', ' ')).toContain(
      'files in runs/halvings: report.html, results.csv, results.json, results.md; of each point in points/KEY: its run\n',
    )
    const again = await command.run([...args, '--json'], cwd)
    expect(again).toMatchObject({ code: 0, stderr: '4 points, all done before\n' })
    expect(JSON.parse(again.stdout).points.map(({ attempts }: { attempts: number }) => attempts)).toEqual([0, 0, 0, 0])
  })

  test(
    'warns of points that were run with another version of the file, which no option reveals',
    needing(inLong),
    async () => {
      const cwd = folderWith(files)
      const args = ['halvings.ts', '--engine', 'wasm', '--workers', '2', '--out', 'out']
      const first = await command.run(args, cwd)
      expect(first.code, first.stderr).toBe(0)
      const lib = join(cwd, 'lib', 'halving.ts')
      const stage = readFileSync(lib, 'utf8')
      writeFileSync(lib, `// Another comment.\n${stage}`)
      expect(await command.run(args, cwd)).toMatchObject({ code: 0, stderr: '4 points, all done before\n' })
      writeFileSync(lib, stage.replace('weight / 2', 'weight / 3'))
      const warningOf = (which: string): string =>
        `warning: halvings: ${which} made by another version of the pipeline file: to run them again by this one, name a new folder by --out\n`
      const all = `${warningOf('4 finished points were')}4 points, all done before\n`
      expect(await command.run(args, cwd)).toMatchObject({ code: 0, stderr: all })

      const points = join(cwd, 'out', 'points')
      const [unknown = '', begun = '', ...rest] = readdirSync(points)
      const plan = join(points, unknown, 'plan.json')
      const { fileVersion, ...before } = JSON.parse(readFileSync(plan, 'utf8'))
      expect(fileVersion).toMatch(/^[0-9a-f]{20}$/)
      writeFileSync(plan, JSON.stringify(before))
      rmSync(join(points, begun, 'summary.json'))
      const { code, stderr } = await command.run(args, cwd)
      expect([code, rest.length]).toEqual([0, 2])
      expect(stderr).toContain(warningOf('2 finished points were'))
      expect(stderr).toMatch(
        /^warning: epochs=\d+ seed=\d: --resume: begun by another version of the pipeline file: to start again with this one, name a new folder by --out$/m,
      )
    },
  )

  test('trains the same weights in parallel as one after the other', needing(inLong), async () => {
    const cwd = folderWith(files)
    const run = (workers: string) =>
      command.run(['networks.ts', '--workers', workers, '--out', `by-${workers}`, '--quiet'], cwd)
    expect([await run('1'), await run('3')]).toMatchObject([{ code: 0 }, { code: 0 }])
    const keys = readdirSync(join(cwd, 'by-1', 'points'))
    expect(keys).toHaveLength(3)
    const weights = (folder: string): readonly string[] =>
      keys.map((key) => readFileSync(join(cwd, folder, 'points', key, 'tiny.safetensors'), 'base64'))
    expect(weights('by-3')).toEqual(weights('by-1'))
    expect(new Set(weights('by-1')).size).toBe(3)
  })

  test('resumes a point whose process was killed from its last checkpoint', needing(inLong), async () => {
    const cwd = folderWith(files)
    const args = ['halvings.ts', '--engine', 'wasm', '--checkpoint-every', '3']
    expect(await command.run([...args, '--out', 'whole'], cwd)).toMatchObject({ code: 0 })
    const started = command.start([...args, '--out', 'cut', '--workers', '2'], cwd, { PACE: 'slow' })
    await started.prints(/points/)
    const killed = new Set<number>()
    while (killed.size < 2) {
      const pid = await until('a process of a point', () =>
        processesIn(join(cwd, 'cut')).find((one) => !killed.has(one)),
      )
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
    const { code, stderr } = await started.ended
    expect(stderr).toContain('crashed (signal SIGKILL), trying again')
    expect(code, stderr).toBe(0)
    const whole = outcomesIn(join(cwd, 'whole'))
    const cut = outcomesIn(join(cwd, 'cut'))
    expect([...cut.values()]).toHaveLength(4)
    // The additional RxJS operator of slow runs changes the keys, but not the numbers.
    expect([...cut.values()].sort()).toEqual([...whole.values()].sort())
  })

  test('reports a point that crashes in every attempt, with exit code 1, and finishes the others', async () => {
    const crashing = `
      import { pipeline, sweep, syntheticDigits } from 'pwoa'
      import { evaluated, halve } from './lib/halving'
      export default sweep('x', { fatal: [true, false] }, ({ fatal }) =>
        pipeline('p', syntheticDigits({ train: 20, test: 20, batchSize: 10 })).pipe(
          halve(1, () => { if (fatal) process.kill(process.pid, 'SIGKILL') }), evaluated))`
    const cwd = folderWith({ ...files, 'crashing.ts': crashing })
    const ended = await command.run(['crashing.ts', '--engine', 'wasm', '--attempts', '2'], cwd)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('fatal=true: crashed (signal SIGKILL), trying again')
    expect(ended.stdout).toContain(
      'failed: fatal=true: worker: expected a process that ends with a result, got signal SIGKILL, 2 times\n  Its folder is whole: the same command goes on from its last checkpoint.\n',
    )
    expect(ended.stdout).toMatch(/fatal=false +98\.5 %/)
    expect(readFileSync(join(cwd, 'runs', 'x', 'results.md'), 'utf8')).toMatch(
      /\| true \| 0 \| failed \|.*\n\| false \| 0 \| done \|/,
    )
  })

  test('saves the running points on Ctrl-C, and prints a command that resumes them', async () => {
    const cwd = folderWith(files)
    const started = command.start(['halvings.ts', '--engine', 'wasm', '--workers', '2'], cwd, { PACE: 'slow' })
    await started.prints(/points/)
    await until('a process of a point', () => processesIn(join(cwd, 'runs', 'halvings')).length > 0)
    started.child.kill('SIGINT')
    const { code, stderr } = await started.ended
    expect(code).toBe(130)
    const resume = /resume with: pwoa-run (.*)\n/.exec(stderr)?.[1]?.split(' ') ?? []
    expect(resume.join(' ')).toBe('halvings.ts --engine wasm --workers 2 --resume runs/halvings')
    expect(await command.run([...resume, '--quiet'], cwd)).toMatchObject({ code: 0, stderr: '' })
    expect(processesIn(join(cwd, 'runs', 'halvings'))).toEqual([])
  })

  test('prints a mistake of all points once, with the exit code of a single run, and starts no others', async () => {
    const mistaken = `
      import { loadTeacher, pipeline, sweep, syntheticDigits } from 'pwoa'
      const rates = process.env.POINTS === 'one' ? [1] : [1, 2, 3, 4, 5]
      export default sweep('x', { rate: rates, seed: [0] }, () =>
        pipeline('p', syntheticDigits({ train: 20, test: 20, batchSize: 10 })).pipe(loadTeacher('nothing.pth')))`
    const cwd = folderWith({ 'mistaken.ts': mistaken })
    const many = await command.run(['mistaken.ts', '--engine', 'wasm'], cwd)
    expect([many.code, many.stdout]).toEqual([2, ''])
    expect(many.stderr).toMatch(
      /^5 points, 1 at a time\npwoa-run: loadTeacher: nothing\.pth: expected .*, got .*\n {2}.*\n$/,
    )
    expect(readdirSync(join(cwd, 'runs', 'x', 'points'))).toHaveLength(2)
    const one = await command.run(['mistaken.ts', '--engine', 'wasm', '--out', 'one'], cwd, { POINTS: 'one' })
    expect([one.code, one.stdout]).toEqual([2, ''])
    expect(one.stderr).toMatch(/^1 point, 1 at a time\npwoa-run: loadTeacher: /)
    const plan = await command.run(['mistaken.ts', '--plan'], cwd, { POINTS: 'one' })
    expect(plan.stdout).toMatch(/^x, 1 point\n/)
  })

  test('refuses a seed that would change nothing', async () => {
    const { code, stderr } = await command.run(['halvings.ts', '--seed', '3'], folderWith(files))
    expect(code).toBe(2)
    expect(stderr).toBe('pwoa-run: --seed: expected no seed, because each point of the sweep has its own, got 3\n')
  })

  test('refuses --workers for a file without a sweep', async () => {
    const { code, stderr } = await command.run(['pipeline.ts', '--workers', '2'], folderWith(files))
    expect([code, stderr]).toEqual([2, 'pwoa-run: --workers: expected a file with a sweep(…), got a pipeline\n'])
  })
})
