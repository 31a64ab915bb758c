import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import simdModule from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'
import * as core from '@tensorflow/tfjs-core'
import kernels from '../../assembly/pwoa.wasm'
import { registerWasmKernels } from '../../src/engine/kernels/wasm/index.js'
import { loadModule } from '../../src/engine/kernels/wasm/module.js'
import type { WasmBackend } from '../../src/engine/kernels/wasm/wasmBackend.js'
import { useTf } from '../../src/engine/tf.js'

/**
 * Starts the portable engine of pwoa in this page: on one thread, without requests to other hosts.
 *
 * @throws Error if the browser has no WebAssembly with SIMD
 */
export const loadEngine = async (): Promise<void> => {
  core.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  // The library needs a path for each of its modules. The kernels need SIMD, so it is the same one for all.
  setWasmPaths({
    'tfjs-backend-wasm.wasm': simdModule,
    'tfjs-backend-wasm-simd.wasm': simdModule,
    'tfjs-backend-wasm-threaded-simd.wasm': simdModule,
  })
  if (!(await core.setBackend('wasm'))) throw new Error('this browser has no WebAssembly with SIMD')
  await core.ready()
  registerWasmKernels(core, await loadModule(core.backend() as WasmBackend, kernels))
  useTf(core)
}
