import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import { at, floats, type WasmBackend } from './wasmBackend.js'

/**
 * `Sign`: input `x` (any shape, floats), output −1, 0 or 1. The wasm engine's own kernel gives 0 for magnitudes below
 * 1e-6. Input gradients of a confident network are smaller than that, and an attack would not move at all.
 */
export const sign: KernelConfig = {
  kernelName: 'Sign',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const out = wasm.makeOutput(input(inputs, 'x').shape, 'float32')
    const x = floats(wasm, input(inputs, 'x'))
    const signs = floats(wasm, out)
    for (let i = 0; i < signs.length; i++) signs[i] = Math.sign(at(x, i))
    return out
  },
}
