import type { KernelConfig } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import { input } from '../kernels.js'

/**
 * `PwoaSoftmaxCrossEntropy`: inputs `logits` and `labels` `[n, c]` (labels: rows that sum to 1), outputs
 * the loss `[n]`, `−Σ_c labels · log softmax(logits)`, and its gradient `[n, c]`, `softmax(logits) − labels`.
 */
export const softmaxCrossEntropy: KernelConfig = {
  kernelName: 'PwoaSoftmaxCrossEntropy',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const native = backend as NativeBackend
    const logits = input(inputs, 'logits')
    return native.executeMultipleOutputs(
      'SoftmaxCrossEntropyWithLogits',
      [typeAttribute(native, 'T', logits.dtype)],
      [logits, input(inputs, 'labels')],
      2,
    )
  },
}
