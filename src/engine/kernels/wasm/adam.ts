import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { AdamAttributes } from '../../ops/adamUpdate.js'
import { input } from '../inputs.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/** `PwoaAdam`, see `adamUpdate`: one pass over all parameters. */
export const adam: KernelConfig = {
  kernelName: 'PwoaAdam',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { learningRate, beta1, beta2, epsilon, step } = attrs as unknown as AdamAttributes
    const { shape } = input(inputs, 'weights')
    const outputs = ['weights', 'mean', 'square'].map((name) => ({ name, info: wasm.makeOutput(shape, 'float32') }))
    const [w, m, v] = outputs.map(({ info }) => floats(wasm, info)) as [Float32Array, Float32Array, Float32Array]
    const [weights, mean, square, gradient] = ['weights', 'mean', 'square', 'gradient'].map((name) =>
      floats(wasm, input(inputs, name)),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array]
    const rate = learningRate / (1 - beta1 ** step)
    const root = 1 / Math.sqrt(1 - beta2 ** step)
    for (let i = 0; i < w.length; i++) {
      const g = at(gradient, i)
      const first = at(mean, i) + (1 - beta1) * (g - at(mean, i))
      const second = beta2 * at(square, i) + (1 - beta2) * g * g
      m[i] = first
      v[i] = second
      w[i] = at(weights, i) - (rate * first) / (Math.sqrt(second) * root + epsilon)
    }
    return outputs.map(({ info }) => info)
  },
}
