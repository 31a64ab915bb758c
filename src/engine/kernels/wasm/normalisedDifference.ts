import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { DifferenceAttributes } from '../../ops/normalisedDifference.js'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaNormalisedDifference`: inputs `x` and `y` `[n, n]`, attributes of `DifferenceAttributes`, output `[n, n]`, by
 * `bottleneckMatrix` of `assembly/bottleneck.ts`.
 */
export const normalisedDifference = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaNormalisedDifference',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { ridge, lambdaX, lambdaY } = attrs as unknown as DifferenceAttributes
    const [x, y] = [input(inputs, 'x'), input(inputs, 'y')]
    const [n = 0] = x.shape
    const out = wasm.makeOutput(x.shape, 'float32')
    module.bottleneckMatrix(address(wasm, x), address(wasm, y), n, ridge, lambdaX, lambdaY, address(wasm, out))
    return out
  },
})
