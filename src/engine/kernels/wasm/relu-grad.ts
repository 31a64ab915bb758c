import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../inputs.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/** `PwoaReluGrad`: inputs `dy` and `y` (any shape, the same), output `dy` where `y > 0`, else 0. */
export const reluGrad: KernelConfig = {
  kernelName: 'PwoaReluGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const out = wasm.makeOutput(input(inputs, 'dy').shape, 'float32')
    const dy = floats(wasm, input(inputs, 'dy'))
    const y = floats(wasm, input(inputs, 'y'))
    const dx = floats(wasm, out)
    for (let i = 0; i < dx.length; i++) dx[i] = at(y, i) > 0 ? at(dy, i) : 0
    return out
  },
}
