import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, sizeOf, type WasmBackend } from './wasmBackend.js'

/** `PwoaReluGrad`: inputs `dy` and `y` of one shape, output `dy` where `y > 0`, else 0. */
export const reluGrad = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaReluGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const [dy, y] = [input(inputs, 'dy'), input(inputs, 'y')]
    const out = wasm.makeOutput(dy.shape, 'float32')
    module.reluGradient(address(wasm, dy), address(wasm, y), address(wasm, out), sizeOf(out))
    return out
  },
})
