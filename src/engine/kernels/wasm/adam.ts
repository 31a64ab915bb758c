import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { AdamAttributes } from '../../ops/adamUpdate.js'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, sizeOf, type WasmBackend } from './wasmBackend.js'

/** `PwoaAdam`, see `adamUpdate`: one pass over all parameters. */
export const adam = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaAdam',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { learningRate, beta1, beta2, epsilon, step } = attrs as unknown as AdamAttributes
    const vectors = ['weights', 'mean', 'square', 'gradient'].map((name) => input(inputs, name))
    const count = sizeOf(input(inputs, 'weights'))
    const outputs = [0, 1, 2].map(() => wasm.makeOutput([count], 'float32'))
    const places = [...vectors, ...outputs].map((tensor) => address(wasm, tensor))
    const rate = learningRate / (1 - beta1 ** step)
    const root = 1 / Math.sqrt(1 - beta2 ** step)
    const [w = 0, m = 0, v = 0, g = 0, newW = 0, newM = 0, newV = 0] = places
    module.adam(w, m, v, g, newW, newM, newV, count, beta1, beta2, epsilon, rate, root)
    return outputs
  },
})
