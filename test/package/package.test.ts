import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { root } from '../../scripts/setup.mjs'
import { optionalPackages } from '../../src/dsl/optionalPackages.js'
import { linked, localLinks } from '../docs/markdown.js'

/** What a user gets from the registry, in a folder that knows nothing of this checkout. */

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (command: string, args: readonly string[], cwd: string, seconds = 100): Promise<Outcome> =>
  new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', npm_config_update_notifier: 'false' }
    execFile(command, [...args], { cwd, env, timeout: seconds * 1000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr })
    })
  })

const node = (script: string, args: readonly string[], cwd: string): Promise<Outcome> =>
  run(process.execPath, [join(root, 'node_modules', script), ...args], cwd)

const pipelineFile = `import { crossEntropy, initialise, pipeline, syntheticDigits, train } from 'pwoa'
import { map } from 'rxjs'

export default pipeline('own', syntheticDigits({ train: 256 })).pipe(
  initialise('mnistNet'),
  crossEntropy(),
  map((step) => step),
  train({ epochs: 1 }),
)
`

const scriptFile = `import { crossEntropy, initialise, pipeline, syntheticDigits, train } from 'pwoa'

const digits = syntheticDigits({ train: 64 })
const run = pipeline('script', digits).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 1 })).run({ engine: 'wasm' })
const result = await run.result
console.log(result._tag === 'Left' ? result.left.hint : result._tag)
`

const imagesFile = `import { crossEntropy, imageFolder, initialise, pipeline, train } from 'pwoa'

export default pipeline('images', imageFolder({ name: 'mine', size: 28, color: 'grey' })).pipe(
  initialise('mnistNet'),
  crossEntropy(),
  train({ epochs: 1 }),
)
`

const typedFile = `import { admmMask, distill, loadTeacher, mnist, type Pipeline, pipeline, type Step } from 'pwoa'
import { map } from 'rxjs'

const loaded = pipeline('own', mnist()).pipe(loadTeacher('t.pth', { architecture: 'mnistNet' }))

export const pruned: Pipeline<Step> = loaded.pipe(
  distill(),
  map((step) => step),
  admmMask({ pattern: 'irregular', rate: 4 }),
)

// @ts-expect-error: there is nothing to distil from
pipeline('wrong', mnist()).pipe(distill())
`

const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/

let work = ''
let app = ''
let tarball = ''
/** Why the package could not be installed, where the registry could not be reached. */
let offline: string | undefined

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'pwoa-package-'))
  app = join(work, 'app')
  await mkdir(app)
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', work], root, 110)
  expect(packed, packed.stderr).toMatchObject({ code: 0 })
  tarball = join(work, (await readdir(work)).find((name) => name.endsWith('.tgz')) ?? 'none.tgz')
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  await writeFile(join(app, 'pipeline.ts'), pipelineFile)
  await writeFile(join(app, 'typed.ts'), typedFile)
  await writeFile(join(app, 'script.ts'), scriptFile)
  await writeFile(join(app, 'images.ts'), imagesFile)
  for (const folder of ['train/a', 'train/b', 'test/a', 'test/b']) {
    await mkdir(join(app, folder), { recursive: true })
    await writeFile(join(app, folder, '1.png'), '')
  }
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=0']
  const installed = await run('npm', ['install', ...flags, tarball], app, 110)
  if (installed.code === 0) return
  offline = unreachable.exec(installed.stderr)?.[0]
  expect(offline, `npm install failed: ${installed.stderr}`).toBeDefined()
}, 240_000)

afterAll(() => rm(work, { recursive: true, force: true }))

const packedFiles = async (): Promise<readonly string[]> => {
  const { stdout } = await run('tar', ['-tzf', tarball], work)
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^package\//, ''))
}

const needsInstall = ({ skip }: TestContext): void =>
  skip(offline !== undefined, `the package registry can't be reached (${offline})`)

test('the package holds what runs, and nothing else', async () => {
  const files = await packedFiles()
  const top = new Set(files.filter((file) => !/^(dist|assembly|assets|docs|pipelines)\//.test(file)))
  expect([...top].sort()).toEqual([
    'CHANGELOG.md',
    'CITATION.cff',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'engine/package-lock.json',
    'engine/package.json',
    'package.json',
    'scripts/engineCache.d.mts',
    'scripts/engineCache.mjs',
    'scripts/partialFolders.mjs',
    'scripts/proveAddon.mjs',
    'scripts/runCommand.mjs',
    'scripts/setupCuda.mjs',
    'scripts/setupEngine.mjs',
    'scripts/wheels.mjs',
  ])
  expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js']))
  expect(files).toContain('pipelines/quickstart.ts')
  expect(files).toContain('assembly/pwoa.wasm')
  expect(files.filter((file) => file.startsWith('dist/') && !/\.(js|d\.ts)$/.test(file)).sort()).toEqual([
    'dist/page/index.html',
    'dist/page/page.css',
    'dist/tensorflow/gradients.cjs',
  ])
  expect(files).toContain('dist/page/page.js')
  expect(
    files.filter((file) => file.startsWith('docs/') && !/\.(md|png|svg|ya?ml|service)$|\/Dockerfile$/.test(file)),
  ).toEqual([])
})

test('every link in the package leads to a file of the package', async () => {
  const files = await packedFiles()
  const links = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((page) => localLinks(page).map((link) => ({ page, link, target: linked(page, link) })))
  expect(links.filter(({ page }) => page === 'README.md').length).toBeGreaterThan(20)
  const isPacked = (target: string): boolean => files.some((file) => file === target || file.startsWith(`${target}/`))
  expect(links.filter(({ target }) => !isPacked(target))).toEqual([])
})

test('publint and attw find nothing wrong', async () => {
  const linted = await node('publint/src/cli.js', ['--strict', tarball], work)
  expect(linted, linted.stdout).toMatchObject({ code: 0 })
  const args = [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii', '--no-emoji']
  const typed = await node('@arethetypeswrong/cli/dist/index.js', args, work)
  expect(typed, typed.stdout).toMatchObject({ code: 0 })
})

/** MB on disk and packages of an installation. */
const installed = async (folder: string): Promise<{ readonly megabytes: number; readonly packages: number }> => {
  const files = await readdir(join(folder, 'node_modules'), { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  )
  const manifest = /node_modules\/(@[^/]+\/)?[^/]+$/
  const packages = files.filter(({ name, parentPath }) => name === 'package.json' && manifest.test(parentPath))
  return { megabytes: sizes.reduce((sum, size) => sum + size, 0) / 1e6, packages: packages.length }
}

test('an installation is small, and has none of the packages that only some users need', async (context) => {
  needsInstall(context)
  const { megabytes, packages } = await installed(app)
  // docs/guides/install.md states both.
  expect(megabytes).toBeLessThan(130)
  expect(packages).toBeLessThan(80)
  const manifest: { peerDependencies: Record<string, string> } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  )
  const names = Object.keys(manifest.peerDependencies)
  expect(names.length).toBeGreaterThan(8)
  expect(names.filter((name) => existsSync(join(app, 'node_modules', name)))).toEqual([])
})

const worker = ['worker', '--pipelines', '.', '--queue', 'redis://127.0.0.1:1']

test.for([
  ['a queue', [...worker, '--runs', 'shared'], 'npm install bullmq@6 ioredis@5'],
  ['a bucket', [...worker, '--runs', 's3://bucket/runs'], 'npm install @aws-sdk/client-s3@3.1175'],
  ['image files', ['images.ts', '--data-dir', '.', '--engine', 'wasm'], 'npm install sharp@0.35'],
] as const)('%s: the error is the command that installs what is missing', async ([, args, command], context) => {
  needsInstall(context)
  const ran = await run('npx', ['--no-install', 'pwoa-run', ...args], app)
  expect(ran.code, ran.stderr).toBe(2)
  expect(ran.stderr).toContain(command)
})

test('pwoa-run runs from an empty folder', async (context) => {
  needsInstall(context)
  const version = await run('npx', ['--no-install', 'pwoa-run', '--version'], app)
  expect(version, version.stderr).toMatchObject({ code: 0, stdout: '0.1.0\n' })
  const plan = await run('npx', ['--no-install', 'pwoa-run', 'pipeline.ts', '--plan'], app)
  expect(plan, plan.stderr).toMatchObject({ code: 0 })
  for (const stage of ['synthetic digits', 'initialise', 'crossEntropy', 'rxjs', 'train']) {
    expect(plan.stdout).toContain(stage)
  }
})

test('a starter project: its types hold, and its pipeline can be planned', async (context) => {
  needsInstall(context)
  const made = await run('npx', ['--no-install', 'pwoa-run', 'init', 'starter'], app)
  expect(made, made.stderr).toMatchObject({ code: 0 })
  // The packages lie in the folder above it; those of Node's types in the checkout.
  const types = ['-p', join(app, 'starter'), '--typeRoots', join(root, 'node_modules', '@types'), '--pretty', 'false']
  const typed = await node('typescript/bin/tsc', types, app)
  expect(typed, typed.stdout).toMatchObject({ code: 0, stdout: '' })
  const plan = await run('npx', ['--no-install', 'pwoa-run', 'starter/pipeline.ts', '--plan'], app)
  expect(plan, plan.stderr).toMatchObject({ code: 0 })
  expect(plan.stdout).toContain('admmMask')
})

test('the portable engine finds its kernels from the installed package', async (context) => {
  needsInstall(context)
  const load = `import('./node_modules/pwoa/dist/engine/load/loadEngine.js')
    .then((m) => m.loadEngine('wasm'))
    .then((m) => console.log(m.name))`
  const loaded = await run(process.execPath, ['--input-type=module', '-e', load], app)
  expect(loaded, loaded.stderr).toMatchObject({ code: 0, stdout: 'wasm\n' })
})

test('the engine finds its cache from the installed package', async (context) => {
  needsInstall(context)
  const load =
    "await import('./node_modules/pwoa/dist/engine/load/native.js').then((m) => console.log(typeof m.loadNative))"
  const loaded = await run(process.execPath, ['--input-type=module', '-e', load], app)
  expect(loaded, loaded.stderr).toMatchObject({ code: 0, stdout: 'function\n' })
})

test.for([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])('its types hold under module %s, resolution %s', async ([module, moduleResolution], context) => {
  needsInstall(context)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module,
    moduleResolution,
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
    // Once is enough: the declarations are the same.
    skipLibCheck: module !== 'nodenext',
  }
  const config = join(app, `tsconfig.${module}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
  const { stdout } = await node('typescript/bin/tsc', ['-p', config, '--pretty', 'false'], app)
  expect(stdout).toBe('')
})

describe('in a bundle', () => {
  const bundle = async (folder: string, external: readonly string[]): Promise<Outcome> => {
    await build({
      entryPoints: [join(app, 'script.ts')],
      outdir: join(app, folder),
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      external: [...external],
    })
    return run(process.execPath, [join(app, folder, 'script.mjs')], app)
  }

  test('a script runs where pwoa stays external', async (context) => {
    needsInstall(context)
    const ran = await bundle('external', ['pwoa'])
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: 'Right\n' })
  })

  test('the error says that pwoa has to stay external where it was inlined', async (context) => {
    needsInstall(context)
    const ran = await bundle(
      'inlined',
      optionalPackages.charts.map((one) => one.slice(0, one.lastIndexOf('@'))),
    )
    expect(ran.stdout).toBe('Leave pwoa out of the bundle, e.g. with esbuild --external:pwoa.\n')
  })
})
