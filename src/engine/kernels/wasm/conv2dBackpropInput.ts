import type { Conv2DBackpropInputAttrs, KernelConfig } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'
import { type ConvolutionAttributes, describeConvolution } from './convolution.js'
import type { WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/**
 * `Conv2DBackpropInput`: inputs `dy` `[b, h', w', o]` and `filter` `[kh, kw, i, o]`, output `[b, h, w, i]`, by
 * `assembly/inputGradient.ts`.
 */
export const conv2dBackpropInput = (tf: Tf, module: WasmModule): KernelConfig => ({
  kernelName: 'Conv2DBackpropInput',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { inputShape, ...attributes } = attrs as unknown as Conv2DBackpropInputAttrs & ConvolutionAttributes
    const [dy, filter] = [input(inputs, 'dy'), input(inputs, 'filter')]
    const convolution = describeConvolution(tf, module, inputShape, filter.shape, attributes)
    const out = wasm.makeOutput(inputShape, 'float32')
    module.inputGradient(address(wasm, dy), address(wasm, filter), address(wasm, out), convolution.address)
    module.release(convolution.address)
    return out
  },
})
