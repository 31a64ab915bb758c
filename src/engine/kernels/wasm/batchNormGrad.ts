import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import { at, floats, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaBatchNormGrad`: inputs `dy` and `x` `[n, h, w, c]`, `scale`, `mean` and the biased `variance` `[c]`; attribute
 * `epsilon`; outputs the gradients of `x` `[n, h, w, c]`, of the scale `[c]` and of the offset `[c]`. With
 * `x̂ = (x − mean) / √(variance + epsilon)` and sums over all `N` positions of a channel:
 * `dOffset = Σ dy`, `dScale = Σ dy·x̂`, `dx = scale / √(variance + epsilon) · (dy − dOffset / N − x̂ · dScale / N)`.
 */
export const batchNormGrad: KernelConfig = {
  kernelName: 'PwoaBatchNormGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { epsilon } = attrs as unknown as { epsilon: number }
    const { shape } = input(inputs, 'x')
    const channels = shape.at(-1) ?? 1
    const outputs = [
      wasm.makeOutput(shape, 'float32'),
      wasm.makeOutput([channels], 'float32'),
      wasm.makeOutput([channels], 'float32'),
    ] as const
    const read = (name: string): Float32Array => floats(wasm, input(inputs, name))
    const [dy, x, scale, mean] = [read('dy'), read('x'), read('scale'), read('mean')]
    const inverse = Float64Array.from(read('variance'), (variance) => 1 / Math.sqrt(variance + epsilon))
    const dOffset = new Float64Array(channels)
    const dScale = new Float64Array(channels)
    for (let row = 0; row < x.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        const gradient = at(dy, row + c)
        dOffset[c] = at(dOffset, c) + gradient
        dScale[c] = at(dScale, c) + gradient * (at(x, row + c) - at(mean, c)) * at(inverse, c)
      }
    }
    const dx = floats(wasm, outputs[0])
    const rows = x.length / channels
    for (let row = 0; row < x.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        const normalised = (at(x, row + c) - at(mean, c)) * at(inverse, c)
        const centred = at(dy, row + c) - (at(dOffset, c) + normalised * at(dScale, c)) / rows
        dx[row + c] = at(scale, c) * at(inverse, c) * centred
      }
    }
    floats(wasm, outputs[1]).set(dScale)
    floats(wasm, outputs[2]).set(dOffset)
    return [...outputs]
  },
}
