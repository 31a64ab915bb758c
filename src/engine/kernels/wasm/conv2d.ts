import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Pair } from '../../../dsl/kit/extent.js'
import type { Activation } from '../../ops/relu.js'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'
import { describeConvolution } from './convolution.js'
import { leastOf, type WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

interface Attributes {
  readonly strides: Pair
  readonly pad: 'same' | 'valid'
  readonly activation: Activation
}

/** `PwoaConv2D`, see the native kernel, by `assembly/convolve.ts`. */
export const conv2d = (tf: Tf, module: WasmModule): KernelConfig => ({
  kernelName: 'PwoaConv2D',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { strides, pad, activation } = attrs as unknown as Attributes
    const [x, filter] = [input(inputs, 'x'), input(inputs, 'filter')]
    const [down, across] = strides
    const attributes = { strides: [down, across] as [number, number], pad, dataFormat: 'NHWC' }
    const convolution = describeConvolution(tf, module, x.shape, filter.shape, attributes)
    const out = wasm.makeOutput(convolution.outShape, 'float32')
    module.convolve(
      address(wasm, x),
      address(wasm, filter),
      inputs.bias ? address(wasm, inputs.bias) : 0,
      address(wasm, out),
      convolution.address,
      leastOf(activation),
    )
    module.release(convolution.address)
    return out
  },
})
