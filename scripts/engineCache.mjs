/** The place of the native engine on this machine: shared by the set-up script and by `src/engine` at run time. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const TFJS_NODE_VERSION = '4.22.0'

/** The folder for everything pwoa keeps outside a checkout: `PWOA_CACHE`, else the platform's cache folder. */
export const cacheFolder = (env = process.env, platform = process.platform, home = homedir()) => {
  if (env.PWOA_CACHE) return env.PWOA_CACHE
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'pwoa')
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'pwoa')
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'pwoa')
  return join(home, '.cache', 'pwoa')
}

/** The package.json and lock file that the engine is installed from, in a checkout and in the published package. */
export const engineSources = () => fileURLToPath(new URL('../engine', import.meta.url))

const readLock = () => readFileSync(join(engineSources(), 'package-lock.json'))

/**
 * An installed engine fits one lock file, and its native addon one platform, architecture and module ABI of Node. The
 * build of libtensorflow for CUDA is an engine of its own, beside that for the CPU.
 */
export const engineKey = (lock = readLock(), build = 'cpu') => {
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 8)
  const key = `tfjs-node-${TFJS_NODE_VERSION}-${process.platform}-${process.arch}-abi${process.versions.modules}-${hash}`
  return build === 'cuda' ? `${key}-cuda` : key
}

/** The finished engine: a package.json, node_modules and the stamp. It appears whole, by a rename. */
export const engineFolder = (cache = cacheFolder(), build = 'cpu') => join(cache, engineKey(undefined, build))

/** Written last, inside `engineFolder`: what was installed, from where, with which hash. */
export const stampFile = (cache = cacheFolder(), build = 'cpu') => join(engineFolder(cache, build), 'engine.json')

/** Written when a set-up failed: the reason, so that each start can report it without trying again. */
export const unavailableFile = (cache = cacheFolder()) => join(cache, `engine-unavailable-${engineKey()}.json`)

/** Wheels of the CUDA build that are whole, kept until it is installed. */
export const cudaDownloads = (cache = cacheFolder()) => join(cache, 'cuda-downloads')

const readJson = (file) => {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** The stamp of the finished engine; undefined without one. */
export const readStamp = (cache = cacheFolder(), build = 'cpu') => readJson(stampFile(cache, build))

/** Why the last set-up failed; undefined if it did not. */
export const readUnavailable = (cache = cacheFolder()) => readJson(unavailableFile(cache))

/** The names in the cache folder that belong to the CUDA build for this Node, finished or not. */
export const cudaParts = (cache = cacheFolder()) =>
  statSync(cache, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(cache).filter(
        (name) => name.startsWith(engineKey(undefined, 'cuda')) || name === basename(cudaDownloads(cache)),
      )
    : []

/**
 * Whether the CUDA build is installed: `begun` if a set-up did not finish, `damaged` if a library is missing or has
 * another length than when it was installed.
 */
export const cudaState = (cache = cacheFolder()) => {
  const stamp = readStamp(cache, 'cuda')
  if (stamp === undefined) return { state: cudaParts(cache).length > 0 ? 'begun' : 'absent' }
  const folder = engineFolder(cache, 'cuda')
  const damaged = Object.entries(stamp.libraries ?? {}).find(
    ([path, length]) => statSync(join(folder, path), { throwIfNoEntry: false })?.size !== length,
  )
  return damaged === undefined ? { state: 'whole', stamp } : { state: 'damaged', file: join(folder, damaged[0]) }
}
