import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import { at, floats, type WasmBackend } from './wasmBackend.js'

/**
 * `PwoaSoftmaxCrossEntropy`: inputs `logits` and `labels` `[n, c]` (labels: rows that sum to 1), outputs
 * the loss `[n]`, `Σ_c labels · (log Σ exp(z) − z)` with `z = logits − max logits`, and its gradient `[n, c]`,
 * `softmax(logits) − labels`.
 */
export const softmaxCrossEntropy: KernelConfig = {
  kernelName: 'PwoaSoftmaxCrossEntropy',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const [n = 0, classes = 0] = input(inputs, 'logits').shape
    const lossInfo = wasm.makeOutput([n], 'float32')
    const gradientInfo = wasm.makeOutput([n, classes], 'float32')
    const logits = floats(wasm, input(inputs, 'logits'))
    const labels = floats(wasm, input(inputs, 'labels'))
    const loss = floats(wasm, lossInfo)
    const gradient = floats(wasm, gradientInfo)
    for (let i = 0; i < n; i++) {
      const row = i * classes
      let max = -Infinity
      for (let k = row; k < row + classes; k++) max = Math.max(max, at(logits, k))
      let sum = 0
      for (let k = row; k < row + classes; k++) sum += Math.exp(at(logits, k) - max)
      const logSum = Math.log(sum)
      let rowLoss = 0
      for (let k = row; k < row + classes; k++) {
        const logProbability = at(logits, k) - max - logSum
        rowLoss -= at(labels, k) * logProbability
        gradient[k] = Math.exp(logProbability) - at(labels, k)
      }
      loss[i] = rowLoss
    }
    return [lossInfo, gradientInfo]
  },
}
