import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildCommand, folderWith } from './commandLine.js'
import { userFiles } from './userFiles.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

/** Lists the CommonJS modules that a process has loaded: all packages but those of ES modules are such modules. */
const listModules = `process.on('exit', () => require('fs').writeFileSync(process.env.LOADED, Object.keys(require.cache).join('\\n')))`

const loadedBy = async (args: readonly string[], cwd: string) => {
  const list = join(folderWith({ 'list.cjs': listModules }), 'list.cjs')
  const env = { NODE_OPTIONS: `--require ${list}`, LOADED: `${list}.txt` }
  const result = await command.run(args, cwd, env)
  return { ...result, loaded: readFileSync(env.LOADED, 'utf8') }
}

const packagesIn = (loaded: string): readonly string[] =>
  [
    ...new Set(
      [...loaded.matchAll(/node_modules\/((?:@[^/]+\/)?[^./][^/]*)\/(?!.*node_modules)/g)].map(([, name = '']) => name),
    ),
  ].sort()

const lines = (text: string): string[] => text.trimEnd().split('\n')

test('Ctrl-C before anything has started prints one line, with exit code 130', async () => {
  const slow = "process.stderr.write('loading\\n')\nawait new Promise((resolve) => setTimeout(resolve, 60_000))"
  const started = command.start(['slow.ts'], folderWith({ 'slow.ts': slow }))
  await started.prints(/loading/)
  started.child.kill('SIGINT')
  expect(await started.ended).toEqual({
    code: 130,
    stdout: '',
    stderr: 'loading\npwoa-run: interrupted before anything had started\n',
  })
})

describe('commands that run nothing', () => {
  test('--help lists the options, and loads three small packages', async () => {
    const { code, stdout, stderr, loaded } = await loadedBy(['--help'], folderWith({}))
    expect([code, stderr]).toEqual([0, ''])
    for (const option of [
      '--set',
      '--data-dir',
      '--out',
      '--engine',
      '--seed',
      '--resume',
      '--plan',
      '--json',
      '--quiet',
    ])
      expect(stdout).toContain(option)
    expect(Math.max(...lines(stdout).map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(packagesIn(loaded)).toEqual(['commander', 'fastest-levenshtein', 'picocolors'])
  })

  test.each([['list'], ['worker', '--help'], ['classify', '--help']])('%s loads no others', async (...args) => {
    const { code, loaded } = await loadedBy(args, folderWith({}))
    expect(code).toBe(0)
    expect(packagesIn(loaded)).toEqual(['commander', 'fastest-levenshtein', 'picocolors'])
  })

  test('--version prints the version', async () => {
    const { code, stdout } = await command.run(['--version'], folderWith({}))
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  })

  test('FILE --help lists its parameters with units, ranges and defaults', async () => {
    const { code, stdout } = await command.run(['pipeline.ts', '--help'], folderWith(userFiles))
    expect(code).toBe(0)
    expect(stdout).toContain('Passes over the data.')
    expect(stdout).toContain('a whole number >= 1, in epochs, default 2')
    expect(stdout).toContain('one of fast, slow, default fast')
  })

  test('FILE --plan lists the stages, without loading a tensor library, and writes nothing', async () => {
    const folder = folderWith(userFiles)
    const { code, stdout, stderr, loaded } = await loadedBy(['pipeline.ts', '--plan', '--set', 'epochs=7'], folder)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^halving\n/)
    expect(stdout).toMatch(/halve\s+epochs 7\n/)
    expect(stdout).toMatch(/\nfound drawn from the seed: 40 training and 20 test images of 28 × 28 × 1, 10 classes\n$/)
    expect(loaded).not.toMatch(/tensorflow|observablehq|linkedom/)
    expect(readdirSync(folder).sort()).toEqual(['lib', 'pipeline.ts'])
    const json = await command.run(['pipeline.ts', '--plan', '--json', '--seed', '3'], folder)
    expect(JSON.parse(json.stdout)).toMatchObject({ pipeline: 'halving', seed: 3, params: { epochs: 2 } })
  })
})

describe('--plan --measure', () => {
  test('prints the plan and what the whole run takes, and writes nothing', async () => {
    const folder = folderWith(userFiles)
    const args = ['pipeline.ts', '--plan', '--measure', '--engine', 'wasm', '--set', 'epochs=3']
    const { code, stdout, stderr } = await command.run(args, folder)
    expect([code, stderr]).toEqual([0, 'measuring halving\n'])
    expect(stdout).toMatch(/^halving\n/)
    expect(stdout).toMatch(/\ntrain, 3 epochs +12 +0\.00100 +0\.0 s +\d\.\d GB\n/)
    expect(stdout).toMatch(/\nin all +\d+\.\d s/)
    expect(readdirSync(folder).sort()).toEqual(['lib', 'pipeline.ts'])
    const json = await command.run([...args, '--json', '--quiet'], folder)
    expect(JSON.parse(json.stdout)).toMatchObject({
      pipeline: 'halving',
      cost: { runs: 1, seconds: expect.any(Number) },
    })
  })

  test('needs --plan', async () => {
    const { code, stderr } = await command.run(['pipeline.ts', '--measure'], folderWith(userFiles))
    expect([code, stderr]).toEqual([2, expect.stringContaining('--measure: expected --plan beside it')])
  })
})

describe('a run', () => {
  test('works from any folder, with progress on stderr, and on stdout a table that names the data', async () => {
    const folder = folderWith(userFiles)
    const { code, stdout, stderr } = await command.run(
      [join(folder, 'pipeline.ts'), '--engine', 'wasm'],
      folderWith({}),
    )
    expect(code).toBe(0)
    expect(lines(stderr)[0]).toMatch(/^engine: wasm/)
    expect(lines(stderr).slice(1)).toEqual([
      'data: synthetic digits, 40 training and 20 test images',
      'halve: train, 2 epochs',
      'before: clean 99.1 %  pgd 87.0 %',
      expect.stringMatching(/^ {2}train 1\/2 {2}loss /),
      expect.stringMatching(/^ {2}train 2\/2 {2}loss /),
      'parameters: 25 of 100 kept (25.0 %)',
      'after: clean 98.5 %  pgd 85.0 %',
    ])
    expect(stdout).toContain('halving, on synthetic digits, 20 test images, engine wasm')
    expect(stdout).toMatch(/before +99\.1 % +87\.0 % +100\.0 % +–\n/)
    expect(stdout).toMatch(/after +98\.5 % +85\.0 % +25\.0 % +\d+\.\d\n/)
    expect(Math.max(...lines(stdout).map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(stdout + stderr).not.toContain('\u001b')
  })

  test('prints with --json exactly one line, the content of summary.json, and with --quiet nothing else', async () => {
    const folder = folderWith(userFiles)
    const args = [
      'pipeline.ts',
      '--engine',
      'wasm',
      '--json',
      '--quiet',
      '--out',
      'here',
      '--seed',
      '9',
      '--set',
      'epochs=3',
    ]
    const { code, stdout, stderr } = await command.run(args, folder)
    expect([code, stderr]).toEqual([0, ''])
    expect(lines(stdout)).toHaveLength(1)
    const summary: unknown = JSON.parse(stdout)
    expect(summary).toEqual(JSON.parse(readFileSync(join(folder, 'here', 'summary.json'), 'utf8')))
    expect(summary).toMatchObject({
      pipeline: 'halving',
      params: { epochs: 3, pace: 'fast' },
      seed: 9,
      engine: 'wasm',
      data: { origin: 'synthetic' },
      before: { clean: 0.991, attacks: { pgd: 0.87 } },
      after: { clean: 0.985 },
      parameters: { total: 100, kept: 25 },
      sparsity: 0.75,
    })
    const again = await command.run(args, folder)
    expect(again.code).toBe(2)
    expect(again.stderr).toContain('--out: expected a new or an empty folder, got')
  })

  test('prints one table for a comparison', async () => {
    const comparison = `
      import { compare, pipeline, syntheticDigits } from 'pwoa'
      import { evaluated, halve } from './lib/halving.ts'
      const row = (name) => pipeline(name, syntheticDigits({ train: 20, test: 20, batchSize: 10 })).pipe(halve(1), evaluated)
      export default compare('both', { 'one way': row('a'), 'another way': row('b') })`
    const folder = folderWith({ ...userFiles, 'both.mjs': comparison })
    const { code, stdout, stderr } = await command.run(['both.mjs', '--engine', 'wasm'], folder)
    expect(code).toBe(0)
    expect(stdout).toMatch(/before .*\none way .*\nanother way .*\n/)
    expect(stderr).toContain('1/2 one way')
    expect(stderr.match(/^data:/gm)).toHaveLength(1)
  })

  test('succeeds even if its output is read only in part', async () => {
    const started = command.start(['pipeline.ts', '--engine', 'wasm', '--json'], folderWith(userFiles))
    started.child.stdout?.destroy()
    expect((await started.ended).code).toBe(0)
  })
})

describe('Ctrl-C', () => {
  test('saves the state and prints a command that resumes the run exactly', async () => {
    const folder = folderWith(userFiles)
    const common = ['--engine', 'wasm', '--set', 'epochs=30']
    const whole = await command.run(['pipeline.ts', ...common, '--out', 'whole', '--quiet'], folder)
    expect(whole.code).toBe(0)
    const started = command.start(
      ['pipeline.ts', ...common, '--set', 'pace=slow', '--out', 'parts', '--checkpoint-every', '7'],
      folder,
    )
    await started.prints(/train {1,2}1\/30/)
    started.child.kill('SIGINT')
    const { code, stderr, stdout } = await started.ended
    expect([code, stdout]).toEqual([130, ''])
    expect(stderr).toContain('stopping: saving the state; interrupt again to quit at once')
    expect(stderr).toContain('pwoa-run: halving: interrupted; the state is saved')
    const resume = /resume with: pwoa-run (.*)\n/.exec(stderr)?.[1]?.split(' ') ?? []
    expect(resume.join(' ')).toContain('--checkpoint-every 7 --resume')
    expect(existsSync(join(folder, 'parts', 'summary.json'))).toBe(false)
    const resumed = await command.run([...resume, '--quiet'], folder)
    expect([resumed.code, resumed.stderr]).toEqual([0, ''])
    const metrics = (name: string): string => readFileSync(join(folder, name, 'metrics.jsonl'), 'utf8')
    expect(metrics('parts')).toBe(metrics('whole'))
  })

  test('ends the process at once the second time', async () => {
    const endless = `
      import { pipeline } from 'pwoa'
      const open = () => () => new Promise(() => setInterval(() => undefined, 1000))
      export default pipeline('endless', { name: 'endless', config: {}, batchSize: 1, open })`
    const started = command.start(['endless.js', '--engine', 'wasm'], folderWith({ 'endless.js': endless }))
    await started.prints(/engine/)
    started.child.kill('SIGINT')
    await started.prints(/stopping/)
    started.child.kill('SIGINT')
    expect((await started.ended).code).toBe(130)
  })
})

describe('wrong usage', () => {
  test.each([
    [[], /^pwoa-run: arguments: expected a pipeline file, got none\n/],
    [['--sed', '3'], /got --sed\n {2}Did you mean --s(et|eed)\?\n/],
    [['pipeline.ts', '--engnie=wasm'], /got --engnie\n {2}Did you mean --engine\?\n/],
    [['pipeline.ts', '--rate', '8'], /got --rate\n {2}A parameter of the pipeline is set by --set rate=8\n$/],
    [['reprot', 'runs'], /expected one pipeline file, got more than one\n {2}Did you mean report\?\n$/],
    [['pipeline.ts', '--seed'], /^pwoa-run: --seed: expected a value after it, got nothing\n/],
    [['pipeline.ts', '--seed', '-1'], /^pwoa-run: --seed: expected a whole number from 0 to 4294967295, got "-1"\n/],
    [
      ['pipeline.ts', '--engine', 'tpu'],
      /^pwoa-run: --engine: expected one of auto, gpu, tensorflow, wasm, got "tpu"\n/,
    ],
    [
      ['pipeline.ts', '--checkpoint-every', '5m'],
      /^pwoa-run: --checkpoint-every: expected steps \(500\) or seconds \(30s\), got "5m"\n/,
    ],
    [
      ['pipeline.ts', '--keep-checkpoints', '0'],
      /^pwoa-run: --keep-checkpoints: expected a whole number >= 1, got "0"\n/,
    ],
    [['pipeline.ts', 'other.ts'], /^pwoa-run: arguments: expected one pipeline file, got more than one\n/],
    [['pipeline.ts', '--set', 'epochs'], /^pwoa-run: --set: expected key=value, got "epochs"\n$/],
    [['pipeline.ts', '--set', 'epochs=x'], /^pwoa-run: --set epochs: expected a whole number >= 1, got "x"\n$/],
    [['pipeline.ts', '--set', 'epoch=1'], /^pwoa-run: --set epoch: .*\n {2}Did you mean epochs\?\n$/],
    [['pipeline.ts', '--resume', 'nowhere'], /^pwoa-run: --resume: expected a run folder, with a plan.json, got /],
    [
      ['pipeline.ts', '--out', 's3://bucket/runs'],
      /^pwoa-run: --out: expected a folder, got s3:\/\/…\n {2}A queue's workers /,
    ],
    [['missing.ts'], /^pwoa-run: missing.ts: expected a pipeline file, got no such file\n/],
    [['lib'], /^pwoa-run: lib: expected a pipeline file, got a folder\n/],
    // The hint is about the file that is missing, not about the pipeline's.
    [
      ['mnist', '--set', 'checkpoint=nowhere.pth'],
      /^pwoa-run: loadTeacher: nowhere\.pth: expected a readable file, got no such file\n {2}Check the path; .*\n$/,
    ],
  ])('%j is refused', async (args, message) => {
    const { code, stdout, stderr } = await command.run(args, folderWith(userFiles))
    expect(stderr).toMatch(message)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).not.toContain('    at ')
  })
})

describe('a run that fails', () => {
  const failing = (act: string) => `
    import { pipeline, syntheticDigits } from 'pwoa'
    import { halve } from './lib/halving'

    const act = (done: number) => { ${act} }
    export default pipeline('failing', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(halve(3, act))`

  test('in a stage prints one line and the place, with exit code 1, and the stack only with --trace', async () => {
    const folder = folderWith({ ...userFiles, 'failing.ts': failing(`if (done === 6) throw new Error('boom')`) })
    const plain = await command.run(['failing.ts', '--engine', 'wasm', '--quiet', '--out', 'a'], folder)
    expect([plain.code, plain.stdout]).toEqual([1, ''])
    expect(plain.stderr).toMatch(
      /^pwoa-run: failing: expected to run without an exception, got boom\n {2}That is in failing.ts:5:\d+\.\n {2}resume with: pwoa-run failing\.ts --engine wasm --resume a\n$/,
    )
    expect(readdirSync(join(folder, 'a')).sort()).toEqual(['checkpoints', 'events.jsonl', 'metrics.jsonl', 'plan.json'])
    const traced = await command.run(['failing.ts', '--engine', 'wasm', '--quiet', '--trace'], folder)
    expect(traced.stderr).toMatch(/Error: boom\n +at .*failing\.ts:5:\d+/)
    expect(traced.stderr).toMatch(/lib\/halving\.ts:\d+:\d+/)
  })

  test('in a timer of the user prints one line and the place, with exit code 1', async () => {
    const act = `if (done === 2) setTimeout(() => { throw new Error('late') }, 0)`
    const folder = folderWith({ ...userFiles, 'failing.ts': failing(act) })
    const files = readFileSync(join(folder, 'failing.ts'), 'utf8')
    writeFileSync(
      join(folder, 'failing.ts'),
      files.replace('.pipe(halve', '.pipe(slowly, halve').replace('{ halve }', '{ halve, slowly }'),
    )
    const { code, stderr } = await command.run(['failing.ts', '--engine', 'wasm', '--quiet'], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^pwoa-run: failing: .* got late\n {2}That is in failing\.ts:5:\d+\.\n/)
  })

  test('because its folder cannot be made has exit code 1', async () => {
    const folder = folderWith({ ...userFiles, file: '' })
    const { code, stderr } = await command.run(['pipeline.ts', '--out', 'file/run'], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^pwoa-run: --out: .*file\/run: expected /)
  })
})
