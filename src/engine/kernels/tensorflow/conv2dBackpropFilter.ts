import type { Conv2DBackpropFilterAttrs, KernelConfig, KernelFunc, Tensor } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'

/** The pixels that a 1 × 1 filter reads, times the gradients there. */
const pointwise = (tf: Tf, seen: Tensor, dy: Tensor, filterShape: number[]): Tensor => {
  const [inChannels = 0, outChannels = 0] = filterShape.slice(2)
  const product = tf.matMul(tf.reshape(seen, [-1, inChannels]), tf.reshape(dy, [-1, outChannels]), true)
  return tf.reshape(product, filterShape)
}

/**
 * `Conv2DBackpropFilter`: inputs `x` `[b, h, w, i]` and `dy` `[b, h', w', o]`, output `[kh, kw, i, o]`.
 *
 * Where a filter has one tap along an axis and a stride, the pixels that it reads are taken out first, because
 * TensorFlow 2.15's oneDNN kernel writes past the end of its buffer there (with an even side and few channels the process
 * dies). For a 1 × 1 filter what remains is a matrix product; TensorFlow's own kernel does the rest.
 */
export const conv2dBackpropFilter = (tf: Tf, standard: KernelFunc): KernelConfig => ({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'tensorflow',
  kernelFunc: (call) => {
    const { strides, pad, filterShape } = call.attrs as unknown as Conv2DBackpropFilterAttrs
    const steps = typeof strides === 'number' ? [strides, strides] : strides
    const [down = 1, across = 1] = steps.map((step, axis) => (filterShape[axis] === 1 ? step : 1))
    if ((pad !== 'same' && pad !== 'valid') || (down === 1 && across === 1)) return standard(call)
    const [x, dy] = [input(call.inputs, 'x') as Tensor, input(call.inputs, 'dy') as Tensor]
    return tf.tidy(() => {
      const seen = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, down, across, 1])
      if (filterShape[0] === 1 && filterShape[1] === 1) return pointwise(tf, seen, dy, filterShape)
      const left = { ...call.attrs, strides: [(steps[0] ?? 1) / down, (steps[1] ?? 1) / across] }
      return standard({ ...call, inputs: { ...call.inputs, x: seen }, attrs: left }) as Tensor
    })
  },
})
