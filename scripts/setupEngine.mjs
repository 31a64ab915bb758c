#!/usr/bin/env node
/**
 * Installs the native TensorFlow engine into the cache folder, once per machine: tfjs-node and its dependencies in the
 * versions of engine/package-lock.json, each with its hash. libtensorflow comes from the Python package `tensorflow-cpu`,
 * whose hash is below, and the addon is built from source. `--unverified` takes the binary that tfjs-node itself downloads.
 * `--gpu` installs the CUDA build beside it, and `--remove-gpu` deletes that.
 * `--remove-others` deletes the engines of other versions of pwoa and of Node.
 * Never fails a start: if the engine can't be installed, the reason is kept and the wasm engine runs everything.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  cacheFolder,
  engineFolder,
  engineKey,
  engineSources,
  readStamp,
  readUnavailable,
  stampFile,
  TFJS_NODE_VERSION,
  unavailableFile,
} from './engineCache.mjs'
import { discard, discardAbandoned, discardAll, partialFolder } from './partialFolders.mjs'
import { proveAddon } from './proveAddon.mjs'
import { killAll, npm, run } from './runCommand.mjs'
import { removeCuda, setUpCuda } from './setupCuda.mjs'
import { downloadWheel, findPython } from './wheels.mjs'

/** To be raised if a change of this script may let a failed set-up succeed. */
const SETUP_VERSION = 1
const RETRY_AFTER_HOURS = 24

/** The name of the file in an engine's folder that says it is finished. */
const STAMP = basename(stampFile())

/** libtensorflow as a Python wheel: the package that holds it, and its hash, per platform. */
const WHEELS = {
  'linux-x64': {
    name: 'tensorflow-cpu',
    version: '2.15.1',
    platforms: ['manylinux_2_17_x86_64'],
    sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  },
  'linux-arm64': {
    name: 'tensorflow-cpu-aws',
    version: '2.15.1',
    platforms: ['manylinux_2_17_aarch64'],
    sha256: 'd4c3a3a9363bf42999adedbbd514e3a133be2d62f61fee9cfa46aaefb087c09e',
  },
}

const UNVERIFIED =
  'npx pwoa-setup --unverified installs the binary that tfjs-node itself downloads, without a check of its hash'

const say = (line) => process.stderr.write(`engine: ${line}\n`)

const oneLine = (error) =>
  String(error instanceof Error ? error.message : error)
    .replace(/\s+/g, ' ')
    .trim()

const installPackage = async (folder) => {
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(engineSources(), name), join(folder, name))
  await npm('npm ci of tfjs-node', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    seconds: 600,
  })
  return join(folder, 'node_modules', '@tensorflow', 'tfjs-node')
}

const withBinOf = (folder) => ({
  ...process.env,
  PATH: `${join(folder, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`,
})

/** tfjs-node's own install script downloads a binary without a published hash, so it runs only if the user asks for it. */
const installOfficial = async (folder, addon) => {
  say("installing tfjs-node's own binary without a check of its hash (once per machine) …")
  await run("tfjs-node's install script", process.execPath, ['scripts/install.js'], {
    cwd: addon,
    env: withBinOf(folder),
    seconds: 600,
  })
  return { source: 'official', libtensorflow: await proveAddon(folder) }
}

/** The libraries (those in `*.libs` are found relative to the others) and the C headers, and nothing else. */
const UNPACK = `
import os, shutil, sys, zipfile
wheel, deps = sys.argv[1:]
wanted = ('tensorflow/include/tensorflow/c/', 'tensorflow/include/tsl/c/',
          'tensorflow/include/tensorflow/core/platform/ctstring', 'tensorflow/include/tsl/platform/ctstring')
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        name = entry.filename
        if name in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'):
            target = os.path.join(deps, 'lib', os.path.basename(name))
        elif '.libs/' in name and not name.endswith('/'):
            target = os.path.join(deps, name)
        elif name.startswith(wanted) and name.endswith('.h'):
            target = os.path.join(deps, 'include', name[len('tensorflow/include/'):])
        else:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(entry) as source, open(target, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
`

const BINARY = join('lib', 'napi-v8', 'tfjs_binding.node')

/** The addon of an engine for another Node in the cache. It uses Node's stable interface only, so that any Node loads it. */
export const addonOfOtherNode = (cache = cacheFolder()) => {
  const forAnyNode = (name) => name.replace(/-abi\d+-/, '-')
  return otherEngines(cache)
    .filter((name) => forAnyNode(name) === forAnyNode(engineKey()))
    .map((name) => join(cache, name, 'node_modules', '@tensorflow', 'tfjs-node', BINARY))
    .find((file) => existsSync(file))
}

/** Compiles the addon. A Node without its headers, as npm's package `node` is, takes one that another Node compiled. */
const buildAddon = async (folder, addon, python) => {
  say('building the native TensorFlow addon (once per machine) …')
  const headers = resolve(dirname(process.execPath), '..')
  const hasHeaders = existsSync(join(headers, 'include', 'node', 'node_api.h'))
  try {
    await run(
      'building the addon',
      join(folder, 'node_modules', '.bin', 'node-pre-gyp'),
      ['install', '--build-from-source', ...(hasHeaders ? [`--nodedir=${headers}`] : [])],
      { cwd: addon, env: { ...withBinOf(folder), PYTHON: python, npm_config_loglevel: 'error' }, seconds: 900 },
    )
  } catch (error) {
    const other = addonOfOtherNode()
    if (other !== undefined) {
      mkdirSync(dirname(join(addon, BINARY)), { recursive: true })
      copyFileSync(other, join(addon, BINARY))
    } else if (hasHeaders) throw error
    else
      throw new Error(`${oneLine(error)}; this Node came without its headers (include/node), and they can't be fetched`)
  }
  rmSync(join(addon, 'build'), { recursive: true, force: true })
  rmSync(join(addon, 'deps', 'include'), { recursive: true, force: true })
}

const installFromWheel = async (folder, addon) => {
  const wheel = WHEELS[`${process.platform}-${process.arch}`]
  if (wheel === undefined) {
    const platform = `${process.platform} ${process.arch}`
    throw new Error(`no libtensorflow with a known hash for ${platform}; ${UNVERIFIED}`)
  }
  const python = await findPython()
  say(`downloading libtensorflow ${wheel.version} (200 MB, once per machine) …`)
  const file = await downloadWheel(join(folder, 'wheel'), python, wheel)
  const deps = join(addon, 'deps')
  rmSync(deps, { recursive: true, force: true })
  await run('unpacking libtensorflow', python, ['-c', UNPACK, file, deps], { cwd: folder, seconds: 300 })
  rmSync(dirname(file), { recursive: true, force: true })
  symlinkSync('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'))
  symlinkSync('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'))
  await buildAddon(folder, addon, python)
  return { source: 'wheel', sha256: wheel.sha256, libtensorflow: await proveAddon(folder) }
}

const install = async (folder, binary) => {
  const addon = await installPackage(folder)
  return binary === 'unverified' ? installOfficial(folder, addon) : installFromWheel(folder, addon)
}

/**
 * The finished engines of this script in the cache that this version of pwoa and of Node does not use. Another project on
 * this machine may use them.
 */
export const otherEngines = (cache = cacheFolder()) => {
  if (!existsSync(cache)) return []
  const isFinished = (name) => /^tfjs-node-[^/]*-abi\d+/.test(name) && existsSync(join(cache, name, STAMP))
  return readdirSync(cache).filter(
    (name) => isFinished(name) && !name.includes('.partial-') && !name.startsWith(engineKey()),
  )
}

/** Removes them. The stamp goes first: a removal that is interrupted leaves no engine that looks whole. */
export const removeOtherEngines = (cache = cacheFolder()) => {
  const names = otherEngines(cache)
  for (const name of names) {
    rmSync(join(cache, name, STAMP))
    rmSync(join(cache, name), { recursive: true, force: true })
  }
  return names
}

const failedLately = (failure) =>
  failure?.setupVersion === SETUP_VERSION && Date.now() - Date.parse(failure.at) < RETRY_AFTER_HOURS * 3600_000

const buildInto = async (cache, binary) => {
  mkdirSync(cache, { recursive: true })
  discardAbandoned(cache)
  const partial = partialFolder(engineFolder(cache))
  try {
    const stamp = { tfjsNode: TFJS_NODE_VERSION, ...(await install(partial, binary)) }
    writeFileSync(join(partial, STAMP), `${JSON.stringify(stamp, null, 2)}\n`)
    rmSync(engineFolder(cache), { recursive: true, force: true })
    renameSync(partial, engineFolder(cache))
    rmSync(unavailableFile(cache), { force: true })
    return stamp
  } finally {
    discard(partial)
  }
}

/** Runs a set-up so that an interruption ends its programs and leaves nothing half made. */
const interruptible = async (work) => {
  const interrupted = () => {
    killAll()
    discardAll()
    process.exit(130)
  }
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted)
  try {
    return await work()
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
  }
}

const recordFailure = (cache, reason) => {
  const failure = { reason, setupVersion: SETUP_VERSION, at: new Date().toISOString() }
  try {
    writeFileSync(unavailableFile(cache), `${JSON.stringify(failure, null, 2)}\n`)
  } catch {
    // In a read-only cache the failure is not recorded, and the next start tries again.
  }
}

/**
 * Idempotent: returns at once if the engine is installed, or its installation failed recently.
 * @param {{ retry?: 'when-due' | 'always', binary?: 'verified' | 'unverified' }} options `unverified` installs the binary
 * that tfjs-node itself downloads, without a check of its hash.
 * @returns {Promise<{ state: 'present' | 'installed' | 'unavailable', reason?: string }>}
 */
export const setUpEngine = async ({ retry = 'when-due', binary = 'verified' } = {}) => {
  const cache = cacheFolder()
  if (retry === 'when-due') {
    if (readStamp(cache) !== undefined) return { state: 'present' }
    const failure = readUnavailable(cache)
    if (failedLately(failure)) return { state: 'unavailable', reason: failure.reason }
  }
  try {
    const stamp = await interruptible(() => buildInto(cache, binary))
    say(`tensorflow ${stamp.libtensorflow} (native) is installed`)
    const others = otherEngines(cache)
    if (others.length > 0)
      say(
        `${cache} also has ${others.join(', ')}: if no other project uses them, pwoa-setup --remove-others deletes them`,
      )
    return { state: 'installed' }
  } catch (error) {
    const reason = oneLine(error)
    recordFailure(cache, reason)
    say(`no native TensorFlow here (${reason}); the wasm engine runs everything, slower`)
    return { state: 'unavailable', reason }
  }
}

/** Installs the CUDA build, and first the CPU build if it is missing. @returns whether the CUDA build is there */
const installForGpu = async (again) => {
  await setUpEngine()
  try {
    const result = await interruptible(() => setUpCuda({ cache: cacheFolder(), again }))
    if (result === 'present') say('the CUDA build is installed already; --gpu --force installs it anew')
    return true
  } catch (error) {
    say(`no CUDA build here (${oneLine(error)}); what was downloaded is kept, and pwoa-setup --gpu goes on with it`)
    return false
  }
}

const main = async (asked) => {
  const again = asked.includes('--force') ? 'always' : 'if-needed'
  if (asked.includes('--remove-others')) {
    const removed = removeOtherEngines()
    return say(removed.length === 0 ? 'there are no engines of other versions' : `deleted ${removed.join(', ')}`)
  }
  if (asked.includes('--remove-gpu')) {
    const removed = removeCuda(cacheFolder())
    return say(removed.length === 0 ? 'there is no CUDA build' : `deleted ${removed.join(', ')}`)
  }
  if (asked.includes('--gpu')) {
    if (!(await installForGpu(again))) process.exitCode = 1
    return
  }
  const unverified = asked.includes('--unverified')
  const force = unverified || again === 'always'
  const result = await setUpEngine({
    retry: force ? 'always' : 'when-due',
    binary: unverified ? 'unverified' : 'verified',
  })
  if (result.state === 'present') say('the native engine is installed already; --force installs it anew')
  if (result.state === 'unavailable' && result.reason !== undefined && !force)
    say(`native TensorFlow is not available: ${result.reason}; pwoa-setup --force tries again`)
}

const isMain = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isMain) await main(process.argv.slice(2))
