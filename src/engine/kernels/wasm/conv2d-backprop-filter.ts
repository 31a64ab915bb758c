import type { backend_util, Conv2DBackpropFilterAttrs, KernelConfig, KernelFunc } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../inputs.js'
import { imagesPerPass, matMulOn } from './convolution.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/**
 * The patches of the images `from … from + count − 1`, transposed: `out[k, p]` is the pixel of `x` that the filter's
 * element `k = (row, column, channel)` meets at the output position `p = (image, row, column)`; 0 in the padding.
 */
const fillPatches = (
  x: Float32Array,
  out: Float32Array,
  conv: backend_util.Conv2DInfo,
  from: number,
  count: number,
): void => {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = conv
  let write = 0
  for (let filterRow = 0; filterRow < conv.filterHeight; filterRow++) {
    for (let filterColumn = 0; filterColumn < conv.filterWidth; filterColumn++) {
      const firstColumn = filterColumn - padInfo.left
      for (let channel = 0; channel < inChannels; channel++) {
        for (let image = from; image < from + count; image++) {
          for (let outRow = 0; outRow < outHeight; outRow++) {
            const row = outRow * strideHeight + filterRow - padInfo.top
            if (row < 0 || row >= inHeight) {
              out.fill(0, write, write + outWidth)
              write += outWidth
              continue
            }
            const start = (image * inHeight + row) * inWidth * inChannels + channel
            for (let outColumn = 0; outColumn < outWidth; outColumn++) {
              const column = outColumn * strideWidth + firstColumn
              out[write++] = column < 0 || column >= inWidth ? 0 : at(x, start + column * inChannels)
            }
          }
        }
      }
    }
  }
}

const addInto = (total: Float32Array, part: Float32Array): void => {
  for (let i = 0; i < total.length; i++) total[i] = at(total, i) + at(part, i)
}

const kernel =
  (tf: Tf): KernelFunc =>
  ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as Conv2DBackpropFilterAttrs
    const x = input(inputs, 'x')
    const dy = input(inputs, 'dy')
    if (dataFormat !== 'NHWC') throw new Error(`Conv2DBackpropFilter: expected NHWC, got ${dataFormat}`)
    const conv = tf.backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
    )
    const matMul = matMulOn(tf, wasm)
    const elements = conv.filterHeight * conv.filterWidth * conv.inChannels
    const positions = conv.outHeight * conv.outWidth
    const step = imagesPerPass(conv.batchSize, elements * positions)
    const out = wasm.makeOutput(filterShape, 'float32')
    floats(wasm, out).fill(0)
    for (let from = 0; from < conv.batchSize; from += step) {
      const count = Math.min(step, conv.batchSize - from)
      const patches = wasm.makeOutput([elements, count * positions], 'float32')
      const gradient = wasm.makeOutput([count * positions, conv.outChannels], 'float32')
      fillPatches(floats(wasm, x), floats(wasm, patches), conv, from, count)
      const start = from * positions * conv.outChannels
      floats(wasm, gradient).set(floats(wasm, dy).subarray(start, start + count * positions * conv.outChannels))
      const product = matMul(patches, gradient)
      addInto(floats(wasm, out), floats(wasm, product))
      for (const intermediate of [patches, gradient, product]) wasm.disposeData(intermediate.dataId)
    }
    return out
  }

/**
 * `Conv2DBackpropFilter`, which tfjs's own convolution gradient asks for: inputs `x` `[b, h, w, i]` and `dy`
 * `[b, h', w', o]`, output `[kh, kw, i, o]`, `dw = patches(x)ᵀ dy` by the engine's matrix product.
 */
export const conv2dBackpropFilter = (tf: Tf): KernelConfig => ({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: kernel(tf),
})
