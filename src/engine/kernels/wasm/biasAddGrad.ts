import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, sizeOf, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaBiasAddGrad`: input `dy` `[…, c]`, output `[c]`: the sum over all but the last axis, in float64 until the end.
 */
export const biasAddGrad = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaBiasAddGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const dy = input(inputs, 'dy')
    const channels = dy.shape.at(-1) ?? 1
    const out = wasm.makeOutput([channels], 'float32')
    module.sumRows(address(wasm, dy), sizeOf(dy) / channels, channels, 1, address(wasm, out))
    return out
  },
})
