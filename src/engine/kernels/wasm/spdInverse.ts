import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, FLOAT_BYTES, sizeOf, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaSpdInverse`: input `a` `[…, n, n]`, symmetric positive definite; output `a⁻¹`, exactly symmetric, by
 * `assembly/choleskyInverse.ts`. A matrix that is not positive definite gives NaN.
 */
export const spdInverse = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaSpdInverse',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const a = input(inputs, 'a')
    const n = a.shape.at(-1) ?? 0
    const out = wasm.makeOutput(a.shape, 'float32')
    const [from, to] = [address(wasm, a), address(wasm, out)]
    const bytes = n * n * FLOAT_BYTES
    for (let offset = 0; offset < sizeOf(a) * FLOAT_BYTES; offset += bytes)
      module.choleskyInverse(from + offset, to + offset, n)
    return out
  },
})
