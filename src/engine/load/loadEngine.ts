import { cudaParts } from '../../../scripts/engineCache.mjs'
import { PwoaFailure } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import type { Parallel } from '../../dsl/op.js'
import type { EngineChoice } from '../../dsl/pipeline/engineChoice.js'
import { type DeviceKind, deviceRules, useRules } from '../device.js'
import type { Gpu } from '../gpu/nvidiaSmi.js'
import { batchNormGradient } from '../ops/batchNorm.js'
import { conv2dGradient } from '../ops/conv2d.js'
import { linearGradient } from '../ops/linear.js'
import { tf, useTf } from '../tf.js'
import { type Attempt, type LoadedEngine, loadNative } from './native.js'
import { type GpuAttempt, loadOnGpu } from './onGpu.js'
import { loadPortable } from './portable.js'

/** The engine in use, described for the user. */
export interface EngineInfo {
  /** `gpu`: TensorFlow on a GPU; `tensorflow`: on the processor. */
  readonly name: 'gpu' | 'tensorflow' | 'wasm'
  /** One line, e.g. `engine: tensorflow 2.15.1 (native, oneDNN)`. */
  readonly description: string
  /** The GPU's name as its driver has it; undefined on the processor. */
  readonly device?: string
  /** Bytes of the GPU's memory; undefined on the processor, and if the GPU has no memory of its own. */
  readonly memory?: number
  /** Why `auto` chose this engine instead of a faster one; undefined if no faster one was tried. */
  readonly reason?: string
}

/** An engine with its device, as records of a run have it: two runs with the same label computed on the same model. */
export const engineLabel = ({ name, device }: EngineInfo): string =>
  device === undefined ? name : `${name} (${device})`

/** A process loads one build of libtensorflow: its libraries have the same names in every build. */
const otherBuild = 'another build of libtensorflow is loaded in this process, which can load one only'

const hints = {
  gpu: 'npx pwoa-run doctor names the GPU and what is missing; the option engine: "tensorflow" computes on the processor.',
  tensorflow: 'Run npx pwoa-setup to install native TensorFlow, or take the option engine: "wasm".',
} as const

const demandFailed = (name: 'gpu' | 'tensorflow', reason: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'OptionError',
    stage: 'engine',
    expected: 'an engine that loads here',
    actual: `${name}: ${reason}`,
    hint: hints[name],
  })

/** Registers the gradients of pwoa's fused kernels with the tensor library in use. Idempotent. */
const registerGradients = (): void => {
  for (const gradient of [batchNormGradient, conv2dGradient, linearGradient])
    if (!tf.getGradient(gradient.kernelName)) tf.registerGradient(gradient)
}

const activate = async (backend: 'tensorflow' | 'wasm', engine: LoadedEngine, device: DeviceKind): Promise<void> => {
  await engine.tf.setBackend(backend)
  useTf(engine.tf)
  useRules(deviceRules[device])
  registerGradients()
}

let portable: Promise<LoadedEngine> | undefined
let native: Attempt | undefined
let onGpu: GpuAttempt | undefined

const usePortable = async (reason?: string): Promise<EngineInfo> => {
  portable ??= loadPortable()
  const engine = await portable
  await activate('wasm', engine, 'cpu')
  const because = reason === undefined ? '' : `: ${reason}`
  return { name: 'wasm', description: `${engine.description}${because}`, ...given({ reason }) }
}

const triedGpu = (parallel: Parallel): GpuAttempt => {
  onGpu ??= native !== undefined && 'engine' in native ? { reason: otherBuild } : loadOnGpu(parallel)
  return onGpu
}

/** Where no CUDA build was ever asked for, `auto` does not ask the driver either. */
const autoTriesGpu = (): boolean => onGpu !== undefined || (native === undefined && cudaParts().length > 0)

/** On the processor. A CUDA build that has found no GPU computes there as well. */
const triedNative = (parallel: Parallel): Attempt => {
  if (onGpu !== undefined && 'engine' in onGpu) return { reason: otherBuild }
  native ??=
    onGpu?.loaded === undefined
      ? loadNative(parallel, process.env.PWOA_LIBTENSORFLOW === 'cuda' ? 'cuda' : 'cpu')
      : { engine: onGpu.loaded }
  return native
}

const useGpu = async (attempt: Extract<GpuAttempt, { readonly gpu: Gpu }>): Promise<EngineInfo> => {
  await activate('tensorflow', attempt.engine, 'gpu')
  const { engine, gpu } = attempt
  return { name: 'gpu', description: engine.description, device: gpu.name, ...given({ memory: gpu.memory }) }
}

/**
 * Loads an engine, makes `tf` use it, and describes it. Engines stay loaded: a second call for the same one is free,
 * and a call for the portable one switches to it (existing tensors stay readable).
 *
 * @param parallel how the native engine should use its cores; only the first load counts. @default 'parts'
 * @throws OptionError if `gpu` or `tensorflow` is asked for and can't be loaded; `auto` loads the next one instead, and
 * gives the reason
 */
export const loadEngine = async (choice: EngineChoice, parallel: Parallel = 'parts'): Promise<EngineInfo> => {
  if (choice === 'wasm') return usePortable()
  const gpu = choice === 'gpu' || (choice === 'auto' && autoTriesGpu()) ? triedGpu(parallel) : undefined
  if (gpu !== undefined && 'engine' in gpu) return useGpu(gpu)
  if (gpu !== undefined && choice === 'gpu') throw demandFailed('gpu', gpu.reason)
  const onProcessor = triedNative(parallel)
  if ('engine' in onProcessor) {
    await activate('tensorflow', onProcessor.engine, 'cpu')
    const because = gpu === undefined ? '' : `: no GPU: ${gpu.reason}`
    const description = `${onProcessor.engine.description}${because}`
    return { name: 'tensorflow', description, ...given({ reason: gpu?.reason }) }
  }
  if (choice === 'tensorflow') throw demandFailed('tensorflow', onProcessor.reason)
  return usePortable(onProcessor.reason)
}
