/** The place of the native engine on this machine: shared by the set-up script and by `src/engine` at run time. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
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

/** An installed engine fits one lock file, and its native addon one platform, architecture and module ABI of Node. */
export const engineKey = (lock = readLock()) => {
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 8)
  return `tfjs-node-${TFJS_NODE_VERSION}-${process.platform}-${process.arch}-abi${process.versions.modules}-${hash}`
}

/** The finished engine: a package.json, node_modules and the stamp. It appears whole, by a rename. */
export const engineFolder = (cache = cacheFolder()) => join(cache, engineKey())

/** Written last, inside `engineFolder`: what was installed, from where, with which hash. */
export const stampFile = (cache = cacheFolder()) => join(engineFolder(cache), 'engine.json')

/** Written when a set-up failed: the reason, so that each start can report it without trying again. */
export const unavailableFile = (cache = cacheFolder()) => join(cache, `engine-unavailable-${engineKey()}.json`)

const readJson = (file) => {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** The stamp of the finished engine; undefined without one. */
export const readStamp = (cache = cacheFolder()) => readJson(stampFile(cache))

/** Why the last set-up failed; undefined if it did not. */
export const readUnavailable = (cache = cacheFolder()) => readJson(unavailableFile(cache))
