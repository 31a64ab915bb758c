import type { Conv2DBackpropFilterAttrs, KernelConfig, KernelFunc, Tensor } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'

/** The pixels that a 1 × 1 filter with this stride reads, times the gradients there. */
const pointwise = (tf: Tf, x: Tensor, dy: Tensor, stride: readonly [number, number], filterShape: number[]): Tensor =>
  tf.tidy(() => {
    const [inChannels = 0, outChannels = 0] = filterShape.slice(2)
    const seen = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, ...stride, 1])
    const product = tf.matMul(tf.reshape(seen, [-1, inChannels]), tf.reshape(dy, [-1, outChannels]), true)
    return tf.reshape(product, filterShape)
  })

/**
 * `Conv2DBackpropFilter`: inputs `x` `[b, h, w, i]` and `dy` `[b, h', w', o]`, output `[kh, kw, i, o]`.
 *
 * A 1 × 1 filter with a stride is computed as a matrix product over the pixels that it reads, because TensorFlow 2.15's
 * oneDNN kernel writes past the end of its buffer there (with an even side and few channels the process dies).
 * TensorFlow's own kernel does the rest.
 */
export const conv2dBackpropFilter = (tf: Tf, standard: KernelFunc): KernelConfig => ({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'tensorflow',
  kernelFunc: (call) => {
    const { strides, pad, filterShape } = call.attrs as unknown as Conv2DBackpropFilterAttrs
    const [rowStride, columnStride] = typeof strides === 'number' ? [strides, strides] : strides
    const isPointwise = filterShape[0] === 1 && filterShape[1] === 1 && (pad === 'same' || pad === 'valid')
    if (!isPointwise || (rowStride === 1 && columnStride === 1)) return standard(call)
    const [x, dy] = [input(call.inputs, 'x') as Tensor, input(call.inputs, 'dy') as Tensor]
    return pointwise(tf, x, dy, [rowStride, columnStride], filterShape)
  },
})
