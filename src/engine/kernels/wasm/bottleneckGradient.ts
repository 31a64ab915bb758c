import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaBottleneckGradient`: inputs `rows` `[n, d]`, `kernel`, `inverse` and `matrix` `[n, n]`, attribute `scale`,
 * output `[n, d]`, by `assembly/bottleneck.ts`.
 */
export const bottleneckGradient = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaBottleneckGradient',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { scale } = attrs as unknown as { readonly scale: number }
    const [n = 0, d = 0] = input(inputs, 'rows').shape
    const out = wasm.makeOutput([n, d], 'float32')
    const [rows = 0, kernel = 0, inverse = 0, matrix = 0] = ['rows', 'kernel', 'inverse', 'matrix'].map((name) =>
      address(wasm, input(inputs, name)),
    )
    module.bottleneckGradient(rows, kernel, inverse, matrix, n, d, scale, address(wasm, out))
    return out
  },
})
