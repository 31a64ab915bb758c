import { cudaState } from '../../../scripts/engineCache.mjs'
import type { Parallel } from '../../dsl/op.js'
import { chooseGpu, type GpuFacts } from '../gpu/chooseGpu.js'
import { type Gpu, readDriver } from '../gpu/nvidiaSmi.js'
import { gpuEnvironment, loadNative, type NativeEngine } from './native.js'

/** An engine on a GPU, or the reason why no GPU can be used. `loaded` is then the CUDA build, if it was loaded before that. */
export type GpuAttempt =
  | { readonly engine: NativeEngine; readonly gpu: Gpu }
  | { readonly reason: string; readonly loaded?: NativeEngine }

/** What is installed here, and what the driver says if it is asked. */
export const gpuFacts = (): GpuFacts => ({
  platform: process.platform,
  arch: process.arch,
  cuda: cudaState(),
  visible: process.env.CUDA_VISIBLE_DEVICES,
  driver: readDriver,
})

/** Loads the CUDA build, for the GPU that this process may see. */
export const loadOnGpu = (parallel: Parallel): GpuAttempt => {
  const choice = chooseGpu(gpuFacts())
  if ('reason' in choice) return choice
  Object.assign(process.env, gpuEnvironment(choice, process.env))
  const attempt = loadNative(parallel, 'cuda')
  if ('reason' in attempt) return attempt
  const { name, memory } = choice.gpu
  if (!attempt.engine.isOnGpu)
    return {
      reason: `the CUDA build loads, but finds no way to use ${name}; with TF_CPP_MIN_LOG_LEVEL=0 it says why`,
      loaded: attempt.engine,
    }
  const size = memory === undefined ? '' : `, ${(memory / 2 ** 30).toFixed(0)} GiB`
  const description = `${attempt.engine.description} on ${name}${size}`
  return { engine: { ...attempt.engine, description }, gpu: choice.gpu }
}
