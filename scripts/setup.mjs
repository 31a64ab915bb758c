/** All that a clone needs before a run: packages, engine, build. A second call finds nothing to do and prints nothing. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, run } from './runCommand.mjs'
import { setUpEngine } from './setupEngine.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const say = (line) => process.stderr.write(`set-up: ${line}\n`)

const readText = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

const hashOf = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}

const filesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort()

/** Whether npm last installed the packages of the lock file, as after a developer's own `npm install`. */
const installedMatches = (lockText, folder) => {
  const installedText = readText(join(folder, 'node_modules', '.package-lock.json'))
  if (installedText === '') return false
  const wanted = JSON.parse(lockText).packages
  const installed = JSON.parse(installedText).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      (installed[path] === undefined
        ? entry.optional === true || entry.peer === true
        : installed[path].integrity === entry.integrity),
  )
}

/** `npm ci`, unless the packages are those of the lock file. */
export const installPackages = async (folder = root) => {
  const lockText = readText(join(folder, 'package-lock.json'))
  const stampPath = join(folder, 'node_modules', '.pwoa-setup')
  const stamp = hashOf([lockText, process.versions.modules])
  if (readText(stampPath) === stamp) return 'present'
  const present = installedMatches(lockText, folder)
  if (!present) {
    say('installing packages …')
    await npm('npm ci', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      seconds: 600,
    })
  }
  writeFileSync(stampPath, stamp)
  return present ? 'present' : 'installed'
}

/** The portable engine's kernels, compiled. */
const kernelsOf = (folder) => join(folder, 'assembly', 'pwoa.wasm')

/** `asc` into assembly/pwoa.wasm, `tsc`, the live page and the gradients of TensorFlow.js into dist/, unless all were built from the current sources. */
export const build = async (folder = root) => {
  const kernels = kernelsOf(folder)
  const page = join(folder, 'page')
  const sources = [
    ...filesUnder(join(folder, 'src')),
    ...filesUnder(join(folder, 'assembly')).filter((file) => file !== kernels),
    ...(existsSync(page) ? filesUnder(page) : []),
    ...['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(folder, name)),
  ]
  const stamp = hashOf(sources.flatMap((file) => [relative(folder, file).split(sep).join('/'), readFileSync(file)]))
  const dist = join(folder, 'dist')
  const stampPath = join(dist, '.built-from')
  if (readText(stampPath) === stamp && existsSync(kernels)) return 'present'
  say('compiling …')
  for (const output of [dist, kernels]) rmSync(output, { recursive: true, force: true })
  const compile = (name, script, args) =>
    run(name, process.execPath, [join(folder, 'node_modules', ...script), ...args], { cwd: folder, seconds: 300 })
  await compile('asc', ['assemblyscript', 'bin', 'asc.js'], ['--config', 'assembly/asconfig.json', '--noColors'])
  await compile('tsc', ['typescript', 'bin', 'tsc'], ['-p', 'tsconfig.build.json', '--pretty', 'false'])
  mkdirSync(dist, { recursive: true })
  if (existsSync(page)) {
    // They need esbuild, which comes with the packages.
    const { buildPage } = await import('./page.mjs')
    const { buildGradients } = await import('./gradients.mjs')
    await buildPage(folder, join(dist, 'page'))
    await buildGradients(folder)
  }
  // tsc writes files that can't be executed, and the links to the command would be refused.
  const main = join(dist, 'cli', 'main.js')
  if (existsSync(main)) chmodSync(main, 0o755)
  writeFileSync(stampPath, stamp)
  return 'built'
}

/** The target of a link; undefined if there is no link. */
const leadsTo = (path) =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined

/** `npx pwoa-run` inside the checkout, as npm would link it for a package that is installed. */
const linkCommands = (folder) => {
  if (process.platform === 'win32') return
  for (const [name, target] of [
    ['pwoa-run', 'dist/cli/main.js'],
    ['pwoa-setup', 'scripts/setupEngine.mjs'],
  ]) {
    const link = join(folder, 'node_modules', '.bin', name)
    const place = join('..', '..', target)
    if (leadsTo(link) === place) continue
    rmSync(link, { force: true })
    symlinkSync(place, link)
  }
}

const stop = (error) => {
  const detail =
    error instanceof Error && typeof error.output === 'string' && /^(asc|tsc)\b/.test(error.message) ? error.output : ''
  process.stderr.write(detail)
  say(error instanceof Error ? error.message : String(error))
  if (error instanceof Error && error.message.startsWith('npm')) {
    say('check the network and `npm config get registry`, then start again; `npm ci` shows all that npm says')
  }
  process.exit(1)
}

/** Packages, engine, build. Ends the process with one clear message if a necessary step fails. */
export const setUp = async () => {
  try {
    await installPackages()
    await setUpEngine()
    const built = await build()
    linkCommands(root)
    if (built === 'built') say('done')
  } catch (error) {
    stop(error)
  }
}
