import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { MomentumAttributes } from '../../ops/momentumUpdate.js'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, sizeOf, type WasmBackend } from './wasmBackend.js'

/** `PwoaMomentum`, see `momentumUpdate`: one pass over all parameters. */
export const momentum = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaMomentum',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { learningRate, momentum: kept, weightDecay } = attrs as unknown as MomentumAttributes
    const vectors = ['weights', 'velocity', 'gradient'].map((name) => input(inputs, name))
    const count = sizeOf(input(inputs, 'weights'))
    const outputs = [0, 1].map(() => wasm.makeOutput([count], 'float32'))
    const [w = 0, b = 0, g = 0, newW = 0, newB = 0] = [...vectors, ...outputs].map((tensor) => address(wasm, tensor))
    module.momentum(w, b, g, newW, newB, count, kept, weightDecay, learningRate)
    return outputs
  },
})
