import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import util from 'node:util'
import { type EngineBuild, engineFolder, readStamp, readUnavailable } from '../../../scripts/engineCache.mjs'
import type { Parallel } from '../../dsl/op.js'
import type { ChosenGpu } from '../gpu/chooseGpu.js'
import { registerTensorflowKernels } from '../kernels/tensorflow/index.js'
import type { NativeBackend } from '../nativeBackend.js'
import type { Tf } from '../tf.js'
import { quietly } from './quietly.js'

/** A loaded engine: the `tfjs-core` instance it is registered with, and a description. */
export interface LoadedEngine {
  readonly tf: Tf
  readonly description: string
}

/** A loaded native engine. */
export interface NativeEngine extends LoadedEngine {
  /** Whether it computes on a GPU. */
  readonly isOnGpu: boolean
}

/** The engine, or one line that says why it is not available. */
export type Attempt = { readonly engine: NativeEngine } | { readonly reason: string }

const oneLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split('\n').at(0)?.trim() ?? 'unknown'

/** Sets variables that TensorFlow reads when its library is loaded; values set by the user stay. */
const tuneEnvironment = (parallel: Parallel): void => {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1'
  // The parts of a minibatch keep few cores busy; threads within an operation would only wait for one another.
  if (parallel === 'parts' && availableParallelism() <= 2) process.env.TF_NUM_INTRAOP_THREADS ??= '1'
}

/**
 * The variables that the CUDA build reads when it is loaded.
 *
 * tfjs-node computes on the last GPU that it sees, and TensorFlow takes memory of all: so the process sees one. Unless the
 * user has set otherwise, memory grows as it is needed, the same step gives the same bits twice, and float32 means
 * float32: with TF32, which GPUs since 2020 use by default, products keep 10 bits of a factor's 23.
 */
export const gpuEnvironment = (
  { visible }: ChosenGpu,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> => ({
  TF_FORCE_GPU_ALLOW_GROWTH: env.TF_FORCE_GPU_ALLOW_GROWTH ?? 'true',
  TF_DETERMINISTIC_OPS: env.TF_DETERMINISTIC_OPS ?? '1',
  NVIDIA_TF32_OVERRIDE: env.NVIDIA_TF32_OVERRIDE ?? '0',
  CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  CUDA_VISIBLE_DEVICES: visible,
})

/** Restores functions that tfjs-node calls and Node 23 removed. */
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
 * Paths of tfjs-node: first the user's own, installed beside this package, then the one that `pwoa-setup` installed. The
 * CUDA build is always one that `pwoa-setup` installed.
 */
const findAddons = (build: EngineBuild): readonly string[] => {
  const own = build === 'cpu' ? resolveFrom(import.meta.url) : undefined
  const isThere = readStamp(undefined, build) !== undefined
  const cached = isThere ? resolveFrom(join(engineFolder(undefined, build), 'package.json')) : undefined
  return [own, cached].filter((path) => path !== undefined)
}

const whyAbsent = (): string => {
  const failure = readUnavailable()
  return failure === undefined
    ? 'native TensorFlow is not installed; run npx pwoa-setup'
    : `native TensorFlow could not be installed (${failure.reason}); npx pwoa-setup --force tries again`
}

const loadAddon = (path: string): NativeEngine => {
  const require = createRequire(path)
  quietly(() => require(path))
  // tfjs-node registers with its own copy of tfjs-core, not with ours.
  const coreOf = createRequire(require.resolve('@tensorflow/tfjs'))
  const tf: Tf = quietly(() => coreOf('@tensorflow/tfjs-core'))
  const { binding, isUsingGpuDevice } = tf.backend() as NativeBackend
  registerTensorflowKernels(tf)
  const oneDnn = process.env.TF_ENABLE_ONEDNN_OPTS === '0' ? '' : ', oneDNN'
  const description = `engine: tensorflow ${binding.TF_Version} (${isUsingGpuDevice ? 'CUDA' : `native${oneDnn}`})`
  return { tf, description, isOnGpu: isUsingGpuDevice }
}

/** Loads a build of the native engine from the first path where it works. A process can load one build only. */
export const loadNative = (parallel: Parallel, build: EngineBuild): Attempt => {
  const addons = findAddons(build)
  if (addons.length === 0) return { reason: whyAbsent() }
  tuneEnvironment(parallel)
  restoreUtil()
  let reason = ''
  for (const path of addons) {
    try {
      return { engine: loadAddon(path) }
    } catch (error) {
      const again = build === 'cuda' ? '--gpu --force' : '--force'
      reason = `native TensorFlow is installed but does not load (${oneLine(error)}); npx pwoa-setup ${again} reinstalls it`
    }
  }
  return { reason }
}
