/** Folders that can't be written to. They are mounted read-only, because tests that run as root may write anywhere else. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { inLong } from '../support/longer.js'
import { type Need, needing } from '../support/needs.js'
import { buildCommand, type Ended, folderWith } from './commandLine.js'
import { userFiles } from './userFiles.js'

/** Options for processes with their own mounted file systems, which no other process sees; all end with the first. */
const apart = ['--user', '--map-root-user', '--mount', '--pid', '--mount-proc', '--kill-child'] as const

/** File systems that a process may mount for itself alone. */
const mounts: Need = {
  name: 'right to mount file systems',
  isThere: () => spawnSync('unshare', [...apart, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0,
}

const sweepFile = `
import { pipeline, sweep, syntheticDigits } from 'pwoa'
import { evaluated, halve } from './lib/halving'
export default sweep('halvings', { epochs: [1, 2] }, ({ epochs }) =>
  pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(halve(epochs), evaluated))
`

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** Runs a shell script with its own mounts, in which `pwoa` is the command. */
const shell = (script: string, cwd: string): Promise<Ended> =>
  new Promise((resolve) => {
    const text = `pwoa() { '${process.execPath}' '${command.main}' "$@"; }\n${script}`
    const child = execFile('unshare', [...apart, 'sh', '-c', text], { cwd }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
    onTestFinished(() => void child.kill('SIGKILL'))
  })

/** The hash of every file by its path. */
const contentsOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path, entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'a folder']
    }),
  )

const metricsIn = (folder: string): string =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8').replace(/"seconds":[^,}]+/g, '')

/** Commands that write into the read-only folder `ro`, and the path that the error names. */
const commands: readonly (readonly [args: string, place: string])[] = [
  ['pipeline.ts --engine wasm --quiet --out ro/new', '--out: .*/ro/new'],
  ['pipeline.ts --engine wasm --quiet --out ro/empty', '--out: .*/ro/empty/run\\.lock'],
  ['pipeline.ts --engine wasm --quiet --resume ro/cut', '--resume: .*/ro/cut/run\\.lock'],
  // The lock of a killed run can't be taken over.
  ['pipeline.ts --engine wasm --quiet --resume ro/killed', '--resume: .*/ro/killed/run\\.lock'],
  ['sweep.ts --engine wasm --quiet --out ro/sweep', '--out: .*/ro/sweep'],
  ['report ro/cut', 'report: ro/cut/report\\.html'],
]

describe('a read-only folder', needing(inLong, mounts), () => {
  test('is refused by each command that would write there, in one clear error, and nothing in it changes', async () => {
    const cwd = folderWith({ ...userFiles, 'sweep.ts': sweepFile })
    for (const name of ['cut', 'killed'])
      expect(
        await command.run(['pipeline.ts', '--engine', 'wasm', '--quiet', '--out', join('ro', name)], cwd),
      ).toMatchObject({ code: 0 })
    mkdirSync(join(cwd, 'ro', 'empty'))
    const lock = { pid: 1, began: '1', machine: 'elsewhere', token: 'theirs' }
    writeFileSync(join(cwd, 'ro', 'killed', 'run.lock'), JSON.stringify(lock))
    const before = contentsOf(join(cwd, 'ro'))
    for (const [args, place] of commands) {
      const { code, stdout, stderr } = await shell(
        `mount --bind ro ro && mount -o remount,ro,bind ro && pwoa ${args}`,
        cwd,
      )
      expect([code, stdout], args).toEqual([1, ''])
      const refusal = `^pwoa-run: ${place}: expected to write the file, got a read-only file system\\n  Choose another folder\\.\\n$`
      expect(stderr, args).toMatch(new RegExp(refusal))
      expect(contentsOf(join(cwd, 'ro')), args).toEqual(before)
    }
  })
})

describe('a full disk', needing(inLong, mounts), () => {
  test('ends a run with one clear error; with room again the run resumes and has the same metrics as an undisturbed one', async () => {
    const cwd = folderWith(userFiles)
    mkdirSync(join(cwd, 'disk'))
    const args = 'pipeline.ts --set epochs=400 --engine wasm --checkpoint-every 40 --quiet'
    expect(await command.run([...args.split(' '), '--out', 'whole'], cwd)).toMatchObject({ code: 0 })
    const ended = await shell(
      `mount -t tmpfs -o size=256k none disk
       pwoa ${args} --out disk/run; echo "code $?"
       ls disk/run disk/run/checkpoints
       mount -o remount,size=64m disk
       pwoa ${args} --resume disk/run && cp -r disk/run again`,
      cwd,
    )
    expect(ended.stdout).toContain('code 1\n')
    expect(ended.stdout).not.toMatch(/\.tmp|run\.lock/)
    expect(ended.stderr).toMatch(
      /^pwoa-run: \w+: .*: expected .*, got a full disk\n {2}Free some space.*\n {2}resume with: pwoa-run pipeline\.ts .*--resume disk\/run\n$/,
    )
    expect(ended.code).toBe(0)
    expect(metricsIn(join(cwd, 'again'))).toBe(metricsIn(join(cwd, 'whole')))
  })
})

describe('a full folder of temporary files', needing(inLong, mounts), () => {
  test('is one clear error, and a run resumes with another one', async () => {
    const cwd = folderWith(userFiles)
    mkdirSync(join(cwd, 'disk'))
    const args = 'pipeline.ts --engine wasm --checkpoint-every 2 --quiet'
    expect(await command.run([...args.split(' '), '--out', 'run'], cwd)).toMatchObject({ code: 0 })
    rmSync(join(cwd, 'run', 'summary.json'))
    const { stdout, stderr } = await shell(
      `mount -t tmpfs -o size=4k none disk
       TMPDIR=$PWD/disk pwoa ${args} --resume run; echo "code $?"
       pwoa ${args} --json --resume run`,
      cwd,
    )
    expect(stderr).toMatch(
      /^pwoa-run: pipeline\.ts: .*\/disk: expected to write the file, got a full disk\n {2}Free some space there, or name another folder for temporary files in TMPDIR\.\n$/,
    )
    expect(stdout).toMatch(/^code 1\n\{"pipeline":"halving"/)
  })
})
