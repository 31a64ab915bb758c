import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import { rules } from '../../device.js'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import { input } from '../kernels.js'
import { arithmetic } from './arithmetic.js'

/**
 * `PwoaSoftmaxCrossEntropy`: inputs `logits` and `labels` `[n, c]` (labels: rows that sum to 1), outputs
 * the loss `[n]`, `−Σ_c labels · log softmax(logits)`, and its gradient `[n, c]`, `softmax(logits) − labels`.
 */
export const softmaxCrossEntropy: KernelConfig = {
  kernelName: 'PwoaSoftmaxCrossEntropy',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const native = backend as NativeBackend
    const [logits, labels] = [input(inputs, 'logits'), input(inputs, 'labels')]
    return rules().crossEntropy === 'fused' ? fused(native, logits, labels) : byOperations(native, logits, labels)
  },
}

const fused = (native: NativeBackend, logits: TensorInfo, labels: TensorInfo): TensorInfo[] =>
  native.executeMultipleOutputs(
    'SoftmaxCrossEntropyWithLogits',
    [typeAttribute(native, 'T', logits.dtype)],
    [logits, labels],
    2,
  )

const byOperations = (native: NativeBackend, logits: TensorInfo, labels: TensorInfo): TensorInfo[] => {
  const { run, keep } = arithmetic(native)
  const last: TensorInfo = { dataId: native.write(Int32Array.of(1), [1], 'int32'), shape: [1], dtype: 'int32' }
  const rowSum = [
    typeAttribute(native, 'Tidx', 'int32'),
    { name: 'keep_dims', type: native.binding.TF_ATTR_BOOL, value: false },
  ]
  const products = run('Mul', [labels, run('LogSoftmax', [logits])])
  const loss = run('Neg', [run('Sum', [products, last], rowSum)])
  const gradient = run('Sub', [run('Softmax', [logits]), labels])
  native.disposeData(last.dataId)
  return keep(loss, gradient)
}
