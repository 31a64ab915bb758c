import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../inputs.js'
import type { WasmBackend } from './wasm-backend.js'

/**
 * `Identity`: input `x`, output another tensor of the same values. They are shared, as `Reshape` shares them: the wasm
 * engine's own kernel copies them, each time that a gradient's input is saved.
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
