import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmBackend } from './wasmBackend.js'

/**
 * `Identity`: input `x`, output another tensor with the same values, which the two share, as with `Reshape`. The wasm
 * engine's own kernel copies them each time a gradient saves an input.
 */
export const identity: KernelConfig = {
  kernelName: 'Identity',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const { dataId, shape, dtype } = input(inputs, 'x')
    ;(backend as WasmBackend).incRef(dataId)
    return { dataId, shape, dtype }
  },
}
