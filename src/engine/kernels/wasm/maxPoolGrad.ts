import type { backend_util, KernelConfig, KernelFunc, MaxPoolGradAttrs } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'
import { at, floats, type WasmBackend } from './wasmBackend.js'

/** Index of the window's largest value; of equal ones the first, as in TensorFlow and PyTorch. */
const largestAt = (
  x: Float32Array,
  image: number,
  row: number,
  column: number,
  channel: number,
  { inHeight, inWidth, inChannels, effectiveFilterHeight, effectiveFilterWidth }: backend_util.Conv2DInfo,
): number => {
  let best = -1
  for (let i = Math.max(0, row); i < Math.min(inHeight, row + effectiveFilterHeight); i++) {
    for (let j = Math.max(0, column); j < Math.min(inWidth, column + effectiveFilterWidth); j++) {
      const pixel = ((image * inHeight + i) * inWidth + j) * inChannels + channel
      if (best < 0 || at(x, pixel) > at(x, best)) best = pixel
    }
  }
  return best
}

const kernel =
  (tf: Tf): KernelFunc =>
  ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPoolGradAttrs
    const shape = input(inputs, 'input').shape as [number, number, number, number]
    const pool = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode)
    const { batchSize, outHeight, outWidth, inChannels, strideHeight, strideWidth, padInfo } = pool
    const out = wasm.makeOutput(shape, 'float32')
    const x = floats(wasm, input(inputs, 'input'))
    const dy = floats(wasm, input(inputs, 'dy'))
    const dx = floats(wasm, out).fill(0)
    let read = 0
    for (let image = 0; image < batchSize; image++) {
      for (let i = 0; i < outHeight; i++) {
        for (let j = 0; j < outWidth; j++) {
          const [row, column] = [i * strideHeight - padInfo.top, j * strideWidth - padInfo.left]
          for (let channel = 0; channel < inChannels; channel++) {
            const pixel = largestAt(x, image, row, column, channel, pool)
            dx[pixel] = at(dx, pixel) + at(dy, read++)
          }
        }
      }
    }
    return out
  }

/**
 * `MaxPoolGrad`: inputs `input` `[b, h, w, c]` and `dy` `[b, h', w', c]`, output `[b, h, w, c]`: each window's gradient
 * goes to its largest value, the first of equal ones. The wasm engine's own kernel is wrong for windows of negative
 * values.
 */
export const maxPoolGrad = (tf: Tf): KernelConfig => ({
  kernelName: 'MaxPoolGrad',
  backendName: 'wasm',
  kernelFunc: kernel(tf),
})
