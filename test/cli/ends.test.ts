/** How a run ends when the user's code, or the machine, does what it should not. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildCommand, type Ended, folderWith } from './commandLine.js'
import { halving } from './userFiles.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** A pipeline of 12 steps, with a checkpoint after every third, and what is added to it. */
const fileWith = (added: string, act = ''): string => `import { map, NEVER, tap } from 'rxjs'
import { pipeline, syntheticDigits } from 'pwoa'
import { evaluated, halve } from './lib/halving'

const reject = async (message: string) => { throw new Error(message) }
const spin = (ms: number) => { for (const end = Date.now() + ms; Date.now() < end; ); }
let begun = false
const act = (done: number) => { ${act} }
export default pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 }))
  .pipe(halve(3, act), evaluated)
${added}
`

const args = ['run.ts', '--engine', 'wasm', '--checkpoint-every', '3']

const started = async (file: string, ...more: readonly string[]): Promise<Ended & { readonly folder: string }> => {
  const folder = folderWith({ 'lib/halving.ts': halving, 'run.ts': file })
  return { folder, ...(await command.run([...args, '--out', 'run', ...more], folder)) }
}

const metricsIn = (folder: string): string => readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8')

const warningsIn = (folder: string): readonly string[] =>
  JSON.parse(readFileSync(join(folder, 'run', 'summary.json'), 'utf8')).warnings

/** The command that the last words name. */
const resumeOf = ({ stderr }: Ended): readonly string[] =>
  /resume with: pwoa-run (.*)\n/.exec(stderr)?.[1]?.split(' ') ?? []

let whole: string | undefined

/** The steps of a run that nothing disturbs. */
const undisturbed = async (): Promise<string> => {
  whole ??= metricsIn((await started(fileWith(''))).folder)
  return whole
}

/** Resumes the run by its own last words, from a file that no longer misbehaves, and compares its figures. */
const resumed = async (ended: Ended & { readonly folder: string }): Promise<void> => {
  const words = resumeOf(ended)
  expect(words.join(' '), ended.stderr).toContain('--resume run')
  writeFileSync(join(ended.folder, 'run.ts'), fileWith(''))
  expect(await command.run([...words, '--quiet'], ended.folder)).toMatchObject({ code: 0 })
  expect(metricsIn(ended.folder)).toBe(await undisturbed())
  expect(readdirSync(join(ended.folder, 'run'))).not.toContain('run.lock')
}

describe('an observer that misbehaves is a warning with its place, and the run has its figures', () => {
  test.each([
    ['a callback that rejects', `.observe(({ metrics$ }) => metrics$.subscribe(() => reject('boom')))`],
    ['a callback that throws', `.observe(({ metrics$ }) => metrics$.subscribe(() => { throw new Error('boom') }))`],
    ['a promise that is not returned', `.observe(({ metrics$ }) => metrics$.subscribe(() => void reject('boom')))`],
    ['a timer that throws', `.observe(() => void setTimeout(() => { throw new Error('boom') }, 0))`],
    ['an async observer', `.observe(async () => { await null; throw new Error('boom') })`],
    ['a subscribe that throws', `.observe(() => { throw new Error('boom') })`],
    ['a rejection without an error', `.observe(({ metrics$ }) => metrics$.subscribe(() => Promise.reject('boom')))`],
  ])('%s', async (_title, observer) => {
    const { code, stdout, stderr, folder } = await started(fileWith(observer))
    expect([code, stdout], stderr).toEqual([0, expect.stringContaining('85.0 %')])
    const place = /an observer failed \(run\.ts:\d+:\d+\): boom/
    expect(stderr.match(new RegExp(place, 'g')), stderr).toHaveLength(1)
    expect(warningsIn(folder)).toEqual([expect.stringMatching(place)])
    expect(metricsIn(folder)).toBe(await undisturbed())
    expect(existsSync(join(folder, 'run', 'run.lock'))).toBe(false)
  })

  test('one that never completes is left after 10 s, and the table is printed', async () => {
    const { code, stdout, stderr, folder } = await started(fileWith('.observe(() => NEVER)'))
    expect([code, stdout], stderr).toEqual([0, expect.stringContaining('85.0 %')])
    expect(stderr).toMatch(/warning: halving: an observer \(run\.ts:\d+:\d+\) has not completed, and is left\n/)
    expect(metricsIn(folder)).toBe(await undisturbed())
  }, 60_000)
})

describe('what is of no observer', () => {
  /** Code that a timer runs which the file started when it was loaded, after some steps of the run. */
  const outside = (code: string): string =>
    fileWith(
      `const timer = setInterval(() => { if (begun) { clearInterval(timer); ${code} } }, 1)`,
      'begun = done > 6; spin(5)',
    )

  test('a promise outside of the run that rejects is a warning', async () => {
    const { code, stderr, folder } = await started(outside(`void reject('boom')`))
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/warning: halving: a subscriber failed \(run\.ts:\d+:\d+\): boom\n/)
    expect(metricsIn(folder)).toBe(await undisturbed())
  })

  test.each([
    ['of the file', outside(`throw new Error('boom')`)],
    ['of a stage', fileWith('', `if (done === 7) setTimeout(() => { throw new Error('boom') }, 0); spin(5)`)],
  ])('an exception in a timer %s ends the run, which can be resumed', async (_title, file) => {
    const ended = await started(file)
    expect([ended.code, ended.stdout], ended.stderr).toEqual([1, ''])
    expect(ended.stderr).toMatch(/pwoa-run: .*got boom\n {2}That is in run\.ts:\d+:\d+\.\n {2}resume with: /)
    expect(existsSync(join(ended.folder, 'run', 'run.lock'))).toBe(false)
    await resumed(ended)
  })

  test('a stage whose promise rejects ends the run, which can be resumed', async () => {
    const ended = await started(fileWith('', `if (done === 7) void reject('boom')`))
    expect([ended.code, ended.stdout], ended.stderr).toEqual([1, ''])
    expect(ended.stderr).toMatch(/pwoa-run: halving: .*got boom\n/)
    await resumed(ended)
  })

  test.each([
    [
      'an operator',
      `import { NEVER, concatMap } from 'rxjs'
      import { asynchronous, pipeline, syntheticDigits } from 'pwoa'
      import { halve } from './lib/halving'
      export default pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 }))
        .pipe(asynchronous(concatMap(() => NEVER)), halve(3))`,
    ],
    [
      'a data source',
      `import { pipeline } from 'pwoa'
      export default pipeline('halving', { name: 'endless', config: {}, batchSize: 1, open: () => () => new Promise(() => undefined) })`,
    ],
  ])('%s that waits for what never comes ends the run with words', async (_title, file) => {
    const { code, stdout, stderr } = await started(file)
    expect([code, stdout], stderr).toEqual([1, ''])
    expect(stderr).toContain('got nothing to wait for: an operator, or the data source, waits for what never comes\n')
  })
})

describe('a process that ends before its run', () => {
  test.each([
    ['process.exit()', 1],
    ['process.exit(7)', 7],
  ])('by %s in the user’s code says so, and how to resume', async (exit, expected) => {
    const ended = await started(fileWith('', `if (done === 7) ${exit}`))
    expect([ended.code, ended.stdout]).toEqual([expected, ''])
    expect(ended.stderr).toContain('pwoa-run: halving: the process ended before the run, with exit code')
    expect(readdirSync(join(ended.folder, 'run'))).not.toContain('run.lock')
    await resumed(ended)
  })

  test.each(['SIGSEGV', 'SIGABRT', 'SIGKILL'])('by %s leaves a folder that can be resumed', async (signal) => {
    const ended = await started(
      fileWith('', `if (done === 7) process.kill(process.pid, '${signal}'); if (done === 7) spin(50)`),
    )
    expect([ended.code, ended.stdout]).toEqual([null, ''])
    const again = await command.run([...args, '--out', 'run', '--quiet'], ended.folder)
    expect(again.stderr).toMatch(
      /got .*run, which has files in it\n {2}To continue the run in it, take --resume run\.\n$/,
    )
    writeFileSync(join(ended.folder, 'run.ts'), fileWith(''))
    expect(await command.run([...args, '--resume', 'run', '--quiet'], ended.folder)).toMatchObject({ code: 0 })
    expect(metricsIn(ended.folder)).toBe(await undisturbed())
  })
})
