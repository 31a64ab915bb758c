import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import { buildGradients, gradientsOf } from '../../scripts/gradients.mjs'
import { buildPage } from '../../scripts/page.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The longest time that a test waits for a text on stderr. */
const MOST_SECONDS = 100

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  /** Waits for a text on stderr that matches, and returns the match. */
  readonly prints: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

/** Compiles the current sources into a package of their own, so that no test runs an outdated `dist/`. */
export const buildCommand = async () => {
  const cache = join(root, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'pwoa-command-'))
  const sources = await readdir(join(root, 'src'), { recursive: true })
  await build({
    entryPoints: sources.filter((name) => name.endsWith('.ts')).map((name) => join(root, 'src', name)),
    outbase: join(root, 'src'),
    outdir: join(folder, 'dist'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  })
  await buildPage(root, join(folder, 'dist', 'page'))
  await buildGradients(root, gradientsOf(folder))
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const name of ['scripts', 'assets', 'assembly', 'pipelines']) symlinkSync(join(root, name), join(folder, name))
  const main = join(folder, 'dist', 'cli', 'main.js')

  const start = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Started => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
    return {
      child,
      ended,
      prints: (pattern) =>
        new Promise((resolve, reject) => {
          const fail = (what: string): void => reject(new Error(`${what} before stderr matched ${pattern}: ${stderr}`))
          const late = setTimeout(() => fail(`${MOST_SECONDS} s passed`), 1000 * MOST_SECONDS)
          const look = (): void => {
            const match = pattern.exec(stderr)
            if (!match) return
            clearTimeout(late)
            resolve(match)
          }
          look()
          child.stderr.on('data', look)
          child.on('close', () => {
            clearTimeout(late)
            fail('it ended')
          })
        }),
    }
  }
  /** Loads each file, all in one process. Returns the text of the error, or null if it loads. */
  const load = async (
    cases: readonly { readonly cwd: string; readonly file: string }[],
  ): Promise<(string | null)[]> => {
    const url = (name: string): string => JSON.stringify(pathToFileURL(join(folder, 'dist', name)).href)
    const script = join(folder, 'load.mjs')
    writeFileSync(
      script,
      `import { loadPipelineFile } from ${url('runtime/file/loadPipelineFile.js')}
       import { drawError } from ${url('cli/draw/drawError.js')}
       const errors = []
       for (const { cwd, file } of ${JSON.stringify(cases)}) {
         process.chdir(cwd)
         const loaded = await loadPipelineFile(file)
         errors.push(loaded._tag === 'Left' ? drawError(loaded.left) : null)
       }
       process.stdout.write(JSON.stringify(errors))`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [script])
    return JSON.parse(stdout) as (string | null)[]
  }
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  return {
    /** The path of the command's main module. */
    main,
    start,
    load,
    remove,
    run: (args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv) => start(args, cwd, env).ended,
  }
}

/** A new folder outside of any package, with these files in it. */
export const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pwoa-user-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
