import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encode } from 'fast-png'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/cli/parseArguments.js'
import { refusalOf } from '../support/refusalOf.js'
import { buildCommand, folderWith } from './commandLine.js'
import { userFiles } from './userFiles.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

describe('the address of a page', () => {
  const pageOf = (...args: string[]): unknown => {
    const { asked } = parseArguments(['file.ts', ...args])
    return 'page' in asked ? asked.page : 'no page'
  }

  test.each([
    [[], undefined],
    [['--ui'], { host: '127.0.0.1', port: 0 }],
    [['--ui-at', '8080'], { host: '127.0.0.1', port: 8080 }],
    [['--ui', '--ui-at', '0.0.0.0:80'], { host: '0.0.0.0', port: 80 }],
    [['--ui-at', 'my-machine.local:65535'], { host: 'my-machine.local', port: 65535 }],
    [['--ui-at', '[::1]:1234'], { host: '::1', port: 1234 }],
  ])('%j: %j', (args, wanted) => {
    expect(pageOf(...args)).toEqual(wanted)
  })

  test.each(['', 'host', '127.0.0.1', ':80', '1:65536', 'a b:80', '::1:80', 'http://x:80'])(
    '"%s" is refused',
    (text) => {
      const error = refusalOf(() => pageOf('--ui-at', text))
      expect(error).toMatchObject({ _tag: 'UsageError', stage: '--ui-at', actual: `"${text}"` })
    },
  )
})

describe('the options of a run', () => {
  test('contain only what was given', () => {
    expect(parseArguments(['x.ts']).asked).toMatchObject({ file: 'x.ts', values: {}, options: {} })
    expect(parseArguments(['x.ts']).asked).toHaveProperty('options', {})
    const given = ['--data-dir', 'd', '--seed', '4', '--engine', 'wasm', '--checkpoint-every', '30s', '--profile']
    expect(parseArguments(['x.ts', ...given, '--keep-checkpoints', '3']).asked).toHaveProperty('options', {
      dataDir: 'd',
      seed: 4,
      engine: 'wasm',
      checkpoints: { everySeconds: 30, keep: 3 },
      profile: 'steps',
    })
  })

  test('are found before and after the file; --set is collected', () => {
    const { asked } = parseArguments(['--set', 'a=1', '--json', 'x.ts', '--set', 'b=2=3', '--queue'])
    expect(asked).toMatchObject({ file: 'x.ts', values: { a: '1', b: '2=3' }, output: 'json', queue: true })
  })
})

describe('subcommands', () => {
  test('are recognised only as the first argument', () => {
    expect(parseArguments(['report', 'a'])).toMatchObject({ stage: 'report', asked: { folder: 'a' } })
    expect(parseArguments(['ui', 'a', '--ui-at', '99'])).toMatchObject({ stage: 'ui', asked: { at: { port: 99 } } })
    for (const argv of [[], ['report.ts'], ['constructor'], ['--help'], ['x.ts', '--out', 'report']])
      expect(parseArguments(argv).stage, argv.join(' ')).toBe('pwoa-run')
    expect(refusalOf(() => parseArguments(['x.ts', 'report']))).toMatchObject({ expected: 'one pipeline file' })
    expect(refusalOf(() => parseArguments(['--seed', '3', 'report', 'a']))).toMatchObject({ _tag: 'UsageError' })
  })

  test('have defaults', () => {
    expect(parseArguments(['init']).asked).toEqual({ folder: '.', template: 'quickstart' })
    expect(parseArguments(['worker', '--pipelines', 'a', '--runs', 'b', '--queue']).asked).toEqual({
      queue: true,
      pipelines: 'a',
      allow: [],
      runs: 'b',
      workers: undefined,
      gpus: undefined,
      lease: 30,
      grace: undefined,
      metricsAt: undefined,
      log: 'text',
      dataDir: undefined,
      checkpoints: undefined,
    })
  })

  test('that run points take the GPUs of a machine', () => {
    const worker = ['worker', '--pipelines', 'a', '--runs', 'b', '--gpus', '0, GPU-5fb2f8a4']
    expect(parseArguments(worker).asked).toMatchObject({ gpus: ['0', 'GPU-5fb2f8a4'], workers: undefined })
    expect(parseArguments(['s.ts', '--gpus', '1', '--workers', '2']).asked).toMatchObject({ gpus: ['1'], workers: 2 })
    for (const wrong of ['', '0,0', 'all', '-1'])
      expect(
        refusalOf(() => parseArguments(['s.ts', `--gpus=${wrong}`])),
        wrong,
      ).toMatchObject({
        stage: '--gpus',
        expected: 'different GPUs, such as 0,1',
      })
  })

  test.each([
    ['init', /starter project/],
    ['inspect', /PyTorch, safetensors or ONNX/],
    ['classify', /cat,dog/],
    ['doctor', /--data-dir <dir>/],
    ['report', /writes report\.html/i],
    ['ui', /--ui-at/],
    ['tensorboard', /--out <dir>/],
    ['worker', /--lease <s>/],
    ['queue', /--older-than <time>/],
    ['results', /--format <name>/],
  ])('%s --help prints its usage within 80 columns', async (name, text) => {
    const outcome = await parseArguments([name, '--help']).act()
    const help = 'text' in outcome ? outcome.text : ''
    expect(outcome).toEqual({ text: help, code: 0 })
    expect(help).toMatch(text)
    expect(help).toContain(`Usage: pwoa-run ${name}`)
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  test('print their help to stdout', async () => {
    const { code, stdout, stderr } = await command.run(['report', '-h'], folderWith({}))
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: pwoa-run report <DIR> \[options\]\n/)
  })

  test.each([
    ['reprot', 'report'],
    ['rep', 'report'],
    ['tensorbord', 'tensorboard'],
    ['wroker', 'worker'],
    ['lsit', 'list'],
    ['quikstart', 'quickstart'],
    ['minst', 'mnist'],
  ])('%s: asks whether %s was meant', async (name, near) => {
    expect(await parseArguments([name]).act()).toEqual({
      error: expect.objectContaining({
        _tag: 'UsageError',
        stage: name,
        expected: 'a pipeline file',
        actual: 'no such file',
        hint: `Did you mean ${near}?`,
      }),
    })
  })

  test.each(['reprot.ts', './rep'])('are not suggested for a path or a file with an ending: %s', async (name) => {
    const outcome = await parseArguments([name]).act()
    expect('error' in outcome && outcome.error).toMatchObject({ _tag: 'UsageError', expected: 'a pipeline file' })
    expect('error' in outcome && outcome.error).not.toHaveProperty('hint')
  })

  test('are not suggested for a folder that exists', async () => {
    const { code, stderr } = await command.run(['reprot'], folderWith({ 'reprot/file': '' }))
    expect([code, stderr]).toEqual([2, 'pwoa-run: reprot: expected a pipeline file, got a folder\n'])
  })

  test.each([
    [['report'], 'the folder of a run, a comparison or a sweep', 'none', 'report'],
    [['inspect'], "a network's file", 'none', 'inspect'],
    [['classify'], "a network's file", 'none', 'classify'],
    [['tensorboard'], 'the folder of a run, or a folder of several runs', 'none', 'tensorboard'],
    [['ui'], 'the folder of a run, a comparison or a sweep', 'none', 'ui'],
    [['report', 'a', 'b'], 'one folder', 'more than one', 'report'],
    [['doctor', 'a'], 'no arguments', 'a', 'doctor'],
    [['worker', '--runs', 'a'], '--pipelines <dir>', 'none', 'worker'],
    [['worker', '--pipelines', 'a'], '--runs <place>', 'none', 'worker'],
  ])('%j is refused', (args, expected, actual, name) => {
    expect(refusalOf(() => parseArguments(args))).toEqual({
      _tag: 'UsageError',
      stage: 'arguments',
      expected,
      actual,
      hint: `pwoa-run ${name} --help lists all options.`,
    })
  })

  test.each([
    [['report'], 'pwoa-run: arguments: expected the folder of a run, a comparison or a sweep, got none'],
    [['tensorboard', 'nowhere'], 'pwoa-run: tensorboard: expected a run folder, with a plan.json, or one of several'],
    [['inspect', 'nowhere'], 'pwoa-run: inspect: nowhere: expected a readable file, got no such file'],
    [['report', 'nowhere'], 'pwoa-run: report: expected a run folder, with a plan.json, got nowhere'],
    [['ui', 'nowhere'], 'pwoa-run: ui: expected a run folder, with a plan.json, got nowhere'],
    [['report', '.', '--trase'], 'Did you mean --trace?'],
  ])('%j ends with exit code 2', async (args, text) => {
    const { code, stdout, stderr } = await command.run(args, folderWith({}))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(text)
  })
})

describe('classify', () => {
  const network = fileURLToPath(new URL('../../assets/teacher-digits.safetensors', import.meta.url))

  test('prints a row for each picture, and as JSON the same', async () => {
    const folder = folderWith({})
    const data = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i % 28 > 12 && i % 28 < 16 ? 255 : 0))
    for (const name of ['one.png', 'two.png'])
      writeFileSync(join(folder, name), encode({ width: 28, height: 28, data, channels: 1 }))
    const args = [
      'classify',
      network,
      'one.png',
      'two.png',
      '--architecture',
      'mnistNet',
      '--engine',
      'wasm',
      '--top',
      '2',
    ]
    const { code, stdout, stderr } = await command.run(args, folder)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^picture +class +2\.\n─+\none\.png +\d \d+\.\d % +\d \d+\.\d %\ntwo\.png .*\n$/)
    const json: unknown = JSON.parse((await command.run([...args, '--json'], folder)).stdout)
    expect(json).toMatchObject([
      { picture: 'one.png', guesses: [{ class: expect.any(Number) }, {}] },
      { picture: 'two.png' },
    ])
  })

  test('refuses another kind of file', async () => {
    const { code, stderr } = await command.run(
      ['classify', network, 'a.png', '--architecture', 'mnistNet'],
      folderWith({ 'a.png': 'text' }),
    )
    expect([code, stderr]).toEqual([2, expect.stringContaining('classify: a.png: expected a JPEG or PNG image')])
  })
})

describe('report', () => {
  test('writes the report of an interrupted run', async () => {
    const folder = folderWith(userFiles)
    const args = ['pipeline.ts', '--engine', 'wasm', '--set', 'epochs=400', '--set', 'pace=slow', '--out', 'run']
    const started = command.start(args, folder)
    await started.prints(/train +2\/400/)
    started.child.kill('SIGINT')
    expect((await started.ended).code).toBe(130)
    expect(existsSync(join(folder, 'run', 'report.html'))).toBe(false)
    const { code, stdout } = await command.run(['report', 'run'], folder)
    expect([code, stdout]).toEqual([0, `${join('run', 'report.html')}\n`])
    expect(readFileSync(join(folder, 'run', 'report.html'), 'utf8')).toContain('not finished')
  })
})

describe('tensorboard', () => {
  test('writes the event file of a run and prints its path', async () => {
    const folder = folderWith(userFiles)
    await command.run(['pipeline.ts', '--engine', 'wasm', '--quiet', '--out', 'run'], folder)
    const { code, stdout, stderr } = await command.run(['tensorboard', 'run', '--out', 'logs'], folder)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^logs.events\.out\.tfevents\.\d+\.pwoa\n$/)
    expect(existsSync(join(folder, stdout.trimEnd()))).toBe(true)
  })
})

describe('ui', () => {
  test('shows the other runs if one is damaged, with one error about it; a folder with only damaged runs is refused', async () => {
    const two = `
import { compare, pipeline, syntheticDigits } from 'pwoa'
import { halve } from './lib/halving'

const row = (epochs: number) => pipeline('row', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(halve(epochs))

export default compare('two', { bad: row(2), good: row(2) })
`
    const folder = folderWith({ ...userFiles, 'two.ts': two })
    await command.run(['two.ts', '--engine', 'wasm', '--quiet', '--out', 'both'], folder)
    const bad = join('both', '1-bad')
    writeFileSync(join(folder, bad, 'metrics.jsonl'), '{"step":1}\n')
    const started = command.start(['ui', 'both'], folder)
    const [, address = ''] = await started.prints(/page: (\S+)\n/)
    expect((await fetch(address)).status).toBe(200)
    started.child.kill('SIGINT')
    const { code, stderr } = await started.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/^pwoa-run: run folder: .*1-bad.*\npage: \S+\n$/)
    const alone = await command.run(['ui', bad], folder)
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/^pwoa-run: run folder: .*1-bad.*\n$/)])
  })
})

describe('--ui', () => {
  test('prints an address with a new token at each start, whatever the run folder says, and writes it to no file', async () => {
    const folder = folderWith(userFiles)
    const args = ['pipeline.ts', '--engine', 'wasm', '--ui', '--quiet', '--json']
    const tokenOf = async (...more: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await command.run([...args, ...more], folder)
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ pipeline: 'halving' })
      const token = /^page: http:\/\/127\.0\.0\.1:\d+\/([\w-]{22})\/\n$/.exec(stderr)?.[1] ?? stderr
      for (const name of readdirSync(join(folder, 'run')))
        if (name.includes('.')) expect(readFileSync(join(folder, 'run', name), 'utf8'), name).not.toContain(token)
      return token
    }
    const first = await tokenOf('--out', 'run')
    // As a folder from somebody else may have it.
    writeFileSync(join(folder, 'run', 'page.json'), JSON.stringify({ port: 8080, token: 'known-to-its-author-22' }))
    const second = await tokenOf('--resume', 'run')
    expect(second).not.toBe(first)
    expect(second).not.toBe('known-to-its-author-22')
  })

  test('is refused before anything starts if the port is taken', async () => {
    const folder = folderWith(userFiles)
    const slow = ['pipeline.ts', '--engine', 'wasm', '--set', 'epochs=400', '--set', 'pace=slow']
    const first = command.start([...slow, '--ui', '--out', 'a'], folder)
    const [, port = ''] = await first.prints(/page: \S+:(\d+)\//)
    const second = await command.run([...slow, '--ui-at', port, '--out', 'b'], folder)
    expect(second.code).toBe(2)
    expect(second.stderr).toContain('--ui: expected a free address')
    expect(existsSync(join(folder, 'b'))).toBe(false)
    first.child.kill('SIGINT')
    await first.ended
  })
})
