import type {
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  KernelConfig,
} from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'
import { type ConvolutionAttributes, describeConvolution } from './convolution.js'
import type { WasmModule } from './module.js'
import { address, type WasmBackend } from './wasmBackend.js'

/** The attributes that tfjs's gradient of a depth-wise convolution passes; images are always NHWC. */
type Attributes<A> = A & Omit<ConvolutionAttributes, 'dataFormat'>

/**
 * `DepthwiseConv2dNativeBackpropInput`: inputs `dy` `[b, h', w', i·m]` and `filter` `[kh, kw, i, m]`, output
 * `[b, h, w, i]`, by `assembly/depthwiseInputGradient.ts`.
 */
export const depthwiseBackpropInput = (tf: Tf, module: WasmModule): KernelConfig => ({
  kernelName: 'DepthwiseConv2dNativeBackpropInput',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { inputShape, ...given } = attrs as unknown as Attributes<DepthwiseConv2dNativeBackpropInputAttrs>
    const [dy, filter] = [input(inputs, 'dy'), input(inputs, 'filter')]
    const attributes = { ...given, dataFormat: 'NHWC' }
    const convolution = describeConvolution(tf, module, inputShape, filter.shape, attributes, 'depthwise')
    const out = wasm.makeOutput(inputShape, 'float32')
    module.depthwiseInputGradient(address(wasm, dy), address(wasm, filter), address(wasm, out), convolution.address)
    module.release(convolution.address)
    return out
  },
})

/**
 * `DepthwiseConv2dNativeBackpropFilter`: inputs `x` `[b, h, w, i]` and `dy` `[b, h', w', i·m]`, output `[kh, kw, i,
 * m]`, by `assembly/depthwiseFilterGradient.ts`.
 */
export const depthwiseBackpropFilter = (tf: Tf, module: WasmModule): KernelConfig => ({
  kernelName: 'DepthwiseConv2dNativeBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { filterShape, ...given } = attrs as unknown as Attributes<DepthwiseConv2dNativeBackpropFilterAttrs>
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')]
    const attributes = { ...given, dataFormat: 'NHWC' }
    const convolution = describeConvolution(tf, module, x.shape, filterShape, attributes, 'depthwise')
    const out = wasm.makeOutput(filterShape, 'float32')
    module.depthwiseFilterGradient(address(wasm, x), address(wasm, dy), address(wasm, out), convolution.address)
    module.release(convolution.address)
    return out
  },
})
