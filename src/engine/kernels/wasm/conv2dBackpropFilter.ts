import type { Conv2DBackpropFilterAttrs, KernelConfig } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'
import { type ConvolutionAttributes, describeConvolution } from './convolution.js'
import type { WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/**
 * `Conv2DBackpropFilter`, which tfjs's gradient of a convolution calls: inputs `x` `[b, h, w, i]` and `dy`
 * `[b, h', w', o]`, output `[kh, kw, i, o]`, by `assembly/filterGradient.ts`.
 */
export const conv2dBackpropFilter = (tf: Tf, module: WasmModule): KernelConfig => ({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { filterShape, ...attributes } = attrs as unknown as Conv2DBackpropFilterAttrs & ConvolutionAttributes
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')]
    const convolution = describeConvolution(tf, module, x.shape, filterShape, attributes)
    const out = wasm.makeOutput(filterShape, 'float32')
    module.filterGradient(address(wasm, x), address(wasm, dy), address(wasm, out), convolution.address)
    module.release(convolution.address)
    return out
  },
})
