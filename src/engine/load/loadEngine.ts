import { PwoaFailure } from '../../dsl/errors.js'
import type { Parallel } from '../../dsl/op.js'
import type { EngineChoice } from '../../dsl/pipeline/engineChoice.js'
import { batchNormGradient } from '../ops/batchNorm.js'
import { conv2dGradient } from '../ops/conv2d.js'
import { linearGradient } from '../ops/linear.js'
import { tf, useTf } from '../tf.js'
import { type LoadedEngine, loadNative } from './native.js'
import { loadPortable } from './portable.js'

/** The engine in use, described for the user. */
export interface EngineInfo {
  readonly name: 'tensorflow' | 'wasm'
  /** One line, e.g. `engine: tensorflow 2.15.1 (native, oneDNN)`. */
  readonly description: string
  /** Why `auto` chose the portable engine; undefined if it did not. */
  readonly reason?: string
}

const demandFailed = (reason: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'OptionError',
    stage: 'engine',
    expected: 'an engine that loads here',
    actual: `tensorflow: ${reason}`,
    hint: 'Run npx pwoa-setup to install native TensorFlow, or take the option engine: "wasm".',
  })

/** Registers the gradients of pwoa's fused kernels with the tensor library in use. Idempotent. */
const registerGradients = (): void => {
  for (const gradient of [batchNormGradient, conv2dGradient, linearGradient])
    if (!tf.getGradient(gradient.kernelName)) tf.registerGradient(gradient)
}

const activate = async (name: EngineInfo['name'], engine: LoadedEngine): Promise<void> => {
  await engine.tf.setBackend(name)
  useTf(engine.tf)
  registerGradients()
}

let portable: Promise<LoadedEngine> | undefined
let native: ReturnType<typeof loadNative> | undefined

const usePortable = async (reason?: string): Promise<EngineInfo> => {
  portable ??= loadPortable()
  const engine = await portable
  await activate('wasm', engine)
  return reason === undefined
    ? { name: 'wasm', description: engine.description }
    : { name: 'wasm', description: `${engine.description}: ${reason}`, reason }
}

/**
 * Loads an engine, makes `tf` use it, and describes it. Engines stay loaded: a second call for the same one is free,
 * and a call for the other one switches to it (existing tensors stay readable).
 *
 * @param parallel how the native engine should use its cores; only the first load counts. @default 'parts'
 * @throws OptionError if `tensorflow` is asked for and cannot be loaded; `auto` loads `wasm` instead and gives the
 * reason
 */
export const loadEngine = async (choice: EngineChoice, parallel: Parallel = 'parts'): Promise<EngineInfo> => {
  if (choice === 'wasm') return usePortable()
  native ??= loadNative(parallel)
  if ('engine' in native) {
    await activate('tensorflow', native.engine)
    return { name: 'tensorflow', description: native.engine.description }
  }
  if (choice === 'tensorflow') throw demandFailed(native.reason)
  return usePortable(native.reason)
}
