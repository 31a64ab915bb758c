import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Activation } from '../../ops/relu.js'
import { input } from '../kernels.js'
import { leastOf, type WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/** `PwoaLinear`, see the native kernel, by `assembly/matMul.ts`. */
export const linear = (module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaLinear',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { activation } = attrs as unknown as { readonly activation: Activation }
    const [x, weight, bias] = [input(inputs, 'x'), input(inputs, 'weight'), input(inputs, 'bias')]
    const [n = 0, ins = 0] = x.shape
    const [, outs = 0] = weight.shape
    const out = wasm.makeOutput([n, outs], 'float32')
    const [from, by, to] = [x, weight, out].map((tensor) => address(wasm, tensor)) as [number, number, number]
    module.matMul(from, ins, 1, by, outs, 1, to, n, ins, outs, address(wasm, bias), leastOf(activation))
    return out
  },
})
