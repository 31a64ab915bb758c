import type { backend_util, Conv2DBackpropInputAttrs, KernelConfig, KernelFunc } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../inputs.js'
import { imagesPerPass, matMulOn } from './convolution.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/** Adds the patches' gradients `[p, k]`, `p = (image, row, column)`, `k = (row, column, channel)`, to the pixels they came from. */
const scatterPatches = (
  patches: Float32Array,
  dx: Float32Array,
  conv: backend_util.Conv2DInfo,
  from: number,
  count: number,
): void => {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = conv
  const run = conv.filterWidth * inChannels
  let read = 0
  for (let image = from; image < from + count; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const firstRow = outRow * strideHeight - padInfo.top
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const firstColumn = outColumn * strideWidth - padInfo.left
        const skip = Math.max(0, -firstColumn) * inChannels
        const end = Math.min(conv.filterWidth, inWidth - firstColumn) * inChannels
        for (let row = firstRow; row < firstRow + conv.filterHeight; row++) {
          if (row >= 0 && row < inHeight) {
            const start = ((image * inHeight + row) * inWidth + firstColumn) * inChannels
            for (let i = skip; i < end; i++) dx[start + i] = at(dx, start + i) + at(patches, read + i)
          }
          read += run
        }
      }
    }
  }
}

/** The filter `[k, o]` as `[o, k]`. */
const transpose = (filter: Float32Array, out: Float32Array, outChannels: number): void => {
  const elements = filter.length / outChannels
  for (let k = 0; k < elements; k++) {
    for (let o = 0; o < outChannels; o++) out[o * elements + k] = at(filter, k * outChannels + o)
  }
}

const kernel =
  (tf: Tf): KernelFunc =>
  ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs as unknown as Conv2DBackpropInputAttrs
    const dy = input(inputs, 'dy')
    const filter = input(inputs, 'filter')
    if (dataFormat !== 'NHWC') throw new Error(`Conv2DBackpropInput: expected NHWC, got ${dataFormat}`)
    const shape = filter.shape as [number, number, number, number]
    const conv = tf.backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode)
    const matMul = matMulOn(tf, wasm)
    const elements = conv.filterHeight * conv.filterWidth * conv.inChannels
    const positions = conv.outHeight * conv.outWidth
    const step = imagesPerPass(conv.batchSize, elements * positions)
    const out = wasm.makeOutput(inputShape, 'float32')
    const transposed = wasm.makeOutput([conv.outChannels, elements], 'float32')
    floats(wasm, out).fill(0)
    transpose(floats(wasm, filter), floats(wasm, transposed), conv.outChannels)
    for (let from = 0; from < conv.batchSize; from += step) {
      const count = Math.min(step, conv.batchSize - from)
      const part = wasm.makeOutput([count * positions, conv.outChannels], 'float32')
      const start = from * positions * conv.outChannels
      const end = start + count * positions * conv.outChannels
      floats(wasm, part).set(floats(wasm, dy).subarray(start, end))
      const patches = matMul(part, transposed)
      scatterPatches(floats(wasm, patches), floats(wasm, out), conv, from, count)
      for (const intermediate of [part, patches]) wasm.disposeData(intermediate.dataId)
    }
    wasm.disposeData(transposed.dataId)
    return out
  }

/**
 * `Conv2DBackpropInput`: inputs `dy` `[b, h', w', o]` and `filter` `[kh, kw, i, o]`, output `[b, h, w, i]`,
 * `dx = scatter(dy filterᵀ)` by the engine's matrix product: four to five times as fast as the wasm engine's own loops.
 */
export const conv2dBackpropInput = (tf: Tf): KernelConfig => ({
  kernelName: 'Conv2DBackpropInput',
  backendName: 'wasm',
  kernelFunc: kernel(tf),
})
