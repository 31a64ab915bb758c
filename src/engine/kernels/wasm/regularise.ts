import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/** `PwoaRegularise`: input `kernel` `[n, n]`, attribute `ridge`, output `[n, n]`, by `assembly/regularise.ts`. */
export const regularise = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaRegularise',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { ridge } = attrs as unknown as { readonly ridge: number }
    const kernel = input(inputs, 'kernel')
    const [n = 0] = kernel.shape
    const out = wasm.makeOutput(kernel.shape, 'float32')
    module.regularise(address(wasm, kernel), n, ridge, address(wasm, out))
    return out
  },
})
