import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Activation } from '../../ops/relu.js'
import { input } from '../kernels.js'
import { at, floats, type WasmBackend } from './wasmBackend.js'

/** Mean and biased variance of each channel of `x` `[…, c]`, in two passes and in float64. */
const momentsOf = (x: Float32Array, channels: number): { mean: Float64Array; variance: Float64Array } => {
  const rows = x.length / channels
  const mean = new Float64Array(channels)
  for (let row = 0; row < x.length; row += channels)
    for (let c = 0; c < channels; c++) mean[c] = at(mean, c) + at(x, row + c)
  for (let c = 0; c < channels; c++) mean[c] = at(mean, c) / rows
  const variance = new Float64Array(channels)
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) variance[c] = at(variance, c) + (at(x, row + c) - at(mean, c)) ** 2
  }
  for (let c = 0; c < channels; c++) variance[c] = at(variance, c) / rows
  return { mean, variance }
}

/**
 * `PwoaBatchNorm`: inputs `x` `[n, h, w, c]`, `scale` and `offset` `[c]`; attributes `epsilon`, `activation`; outputs
 * `act(scale · (x − mean) / √(variance + epsilon) + offset)` `[n, h, w, c]`, and the `mean` and the biased `variance`
 * of each channel `[c]`.
 */
export const batchNorm: KernelConfig = {
  kernelName: 'PwoaBatchNorm',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { epsilon, activation } = attrs as unknown as { epsilon: number; activation: Activation }
    const { shape } = input(inputs, 'x')
    const channels = shape.at(-1) ?? 1
    const outputs = [
      wasm.makeOutput(shape, 'float32'),
      wasm.makeOutput([channels], 'float32'),
      wasm.makeOutput([channels], 'float32'),
    ] as const
    const [x, scale, offset] = ['x', 'scale', 'offset'].map((name) => floats(wasm, input(inputs, name))) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    const y = floats(wasm, outputs[0])
    const { mean, variance } = momentsOf(x, channels)
    const factor = variance.map((value, c) => at(scale, c) / Math.sqrt(value + epsilon))
    const least = activation === 'relu' ? 0 : -Infinity
    for (let row = 0; row < x.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        y[row + c] = Math.max(least, (at(x, row + c) - at(mean, c)) * at(factor, c) + at(offset, c))
      }
    }
    floats(wasm, outputs[1]).set(mean)
    floats(wasm, outputs[2]).set(variance)
    return [...outputs]
  },
}
