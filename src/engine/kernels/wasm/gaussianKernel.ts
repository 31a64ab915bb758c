import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, sizeOf, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaGaussianKernel`: input `z` `[n, …]`, attribute `exponent`, outputs the centred rows `[n, d]` and
 * `expm1(exponent·‖z_i − z_j‖²)` `[n, n]`, by `assembly/gaussianKernel.ts`.
 */
export const gaussianKernel = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaGaussianKernel',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { exponent } = attrs as unknown as { readonly exponent: number }
    const z = input(inputs, 'z')
    const [n = 0] = z.shape
    const d = sizeOf(z) / n
    const [rows, kernel] = [wasm.makeOutput([n, d], 'float32'), wasm.makeOutput([n, n], 'float32')]
    module.gaussianKernel(address(wasm, z), n, d, exponent, address(wasm, rows), address(wasm, kernel))
    return [rows, kernel]
  },
})
