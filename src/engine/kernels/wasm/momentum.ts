import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { MomentumAttributes } from '../../ops/momentumUpdate.js'
import { input } from '../inputs.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/** `PwoaMomentum`, see `momentumUpdate`: one pass over all parameters. */
export const momentum: KernelConfig = {
  kernelName: 'PwoaMomentum',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend
    const { learningRate, momentum: kept, weightDecay } = attrs as unknown as MomentumAttributes
    const { shape } = input(inputs, 'weights')
    const outputs = [wasm.makeOutput(shape, 'float32'), wasm.makeOutput(shape, 'float32')] as const
    const [w, b] = [floats(wasm, outputs[0]), floats(wasm, outputs[1])]
    const weights = floats(wasm, input(inputs, 'weights'))
    const velocity = floats(wasm, input(inputs, 'velocity'))
    const gradient = floats(wasm, input(inputs, 'gradient'))
    for (let i = 0; i < w.length; i++) {
      const next = kept * at(velocity, i) + at(gradient, i) + weightDecay * at(weights, i)
      b[i] = next
      w[i] = at(weights, i) - learningRate * next
    }
    return [...outputs]
  },
}
