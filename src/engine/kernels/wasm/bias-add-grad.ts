import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../inputs.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/** `PwoaBiasAddGrad`: input `dy` `[…, c]`, output `[c]`: the sum over all but the last axis, in float64 until the end. */
export const biasAddGrad: KernelConfig = {
  kernelName: 'PwoaBiasAddGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const channels = input(inputs, 'dy').shape.at(-1) ?? 1
    const out = wasm.makeOutput([channels], 'float32')
    const dy = floats(wasm, input(inputs, 'dy'))
    const sums = new Float64Array(channels)
    for (let row = 0; row < dy.length; row += channels) {
      for (let c = 0; c < channels; c++) sums[c] = at(sums, c) + at(dy, row + c)
    }
    floats(wasm, out).set(sums)
    return out
  },
}
