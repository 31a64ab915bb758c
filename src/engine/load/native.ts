import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import util from 'node:util'
import { engineFolder, readStamp, readUnavailable } from '../../../scripts/engineCache.mjs'
import type { Parallel } from '../../dsl/op.js'
import { registerTensorflowKernels } from '../kernels/tensorflow/index.js'
import type { NativeBackend } from '../nativeBackend.js'
import type { Tf } from '../tf.js'
import { quietly } from './quietly.js'

/** A loaded engine: the `tfjs-core` instance it is registered with, and a description. */
export interface LoadedEngine {
  readonly tf: Tf
  readonly description: string
}

/** The engine, or one line that says why it is not available. */
export type Attempt = { readonly engine: LoadedEngine } | { readonly reason: string }

const oneLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split('\n').at(0)?.trim() ?? 'unknown'

/** Sets variables that TensorFlow reads when its library is loaded; values set by the user stay. */
const tuneEnvironment = (parallel: Parallel): void => {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1'
  // The parts of a minibatch keep few cores busy; threads within an operation would only wait for one another.
  if (parallel === 'parts' && availableParallelism() <= 2) process.env.TF_NUM_INTRAOP_THREADS ??= '1'
}

/** Restores a function that tfjs-node calls and Node 23 removed. */
const restoreUtil = (): void => {
  const legacy: { isNullOrUndefined?: (value: unknown) => boolean } = util
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined
}

const resolveFrom = (place: string): string | undefined => {
  try {
    return createRequire(place).resolve('@tensorflow/tfjs-node')
  } catch {
    return undefined
  }
}

/**
 * Paths of tfjs-node: first the user's own, installed beside this package, then the one that `pwoa-setup` installed.
 */
const findAddons = (): readonly string[] => {
  const own = resolveFrom(import.meta.url)
  const cached = readStamp() === undefined ? undefined : resolveFrom(join(engineFolder(), 'package.json'))
  return [own, cached].filter((path) => path !== undefined)
}

const whyAbsent = (): string => {
  const failure = readUnavailable()
  return failure === undefined
    ? 'native TensorFlow is not installed; run npx pwoa-setup'
    : `native TensorFlow could not be installed (${failure.reason}); npx pwoa-setup --force tries again`
}

const loadAddon = (path: string): LoadedEngine => {
  const require = createRequire(path)
  quietly(() => require(path))
  // tfjs-node registers with its own copy of tfjs-core, not with ours.
  const coreOf = createRequire(require.resolve('@tensorflow/tfjs'))
  const tf: Tf = quietly(() => coreOf('@tensorflow/tfjs-core'))
  const version = (tf.backend() as NativeBackend).binding.TF_Version
  registerTensorflowKernels(tf)
  const oneDnn = process.env.TF_ENABLE_ONEDNN_OPTS === '0' ? '' : ', oneDNN'
  return { tf, description: `engine: tensorflow ${version} (native${oneDnn})` }
}

/** Loads the native engine from the first path where it works. */
export const loadNative = (parallel: Parallel): Attempt => {
  const addons = findAddons()
  if (addons.length === 0) return { reason: whyAbsent() }
  tuneEnvironment(parallel)
  restoreUtil()
  let reason = ''
  for (const path of addons) {
    try {
      return { engine: loadAddon(path) }
    } catch (error) {
      reason = `native TensorFlow is installed but does not load (${oneLine(error)}); npx pwoa-setup --force reinstalls it`
    }
  }
  return { reason }
}
