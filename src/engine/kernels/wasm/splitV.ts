import type { KernelConfig, KernelFunc, SplitVAttrs, Tensor } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'
import { floats, type WasmBackend } from './wasmBackend.js'

/**
 * `SplitV`: input `x`, attributes `numOrSizeSplits` and `axis`, outputs the pieces of `x` along the axis. A flat vector
 * of floats is copied piece by piece: the wasm engine's own kernel copies all of it for each piece, 1.4 s for the 62
 * parameters of ResNet-18. The engine's own kernel does the rest.
 */
export const splitV = (tf: Tf, standard: KernelFunc): KernelConfig => ({
  kernelName: 'SplitV',
  backendName: 'wasm',
  kernelFunc: (call) => {
    const x = input(call.inputs, 'x')
    if (x.shape.length !== 1 || x.dtype !== 'float32') return standard(call)
    const wasm = call.backend as WasmBackend
    const { numOrSizeSplits } = call.attrs as unknown as SplitVAttrs
    const sizes = tf.backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, 0)
    const pieces = sizes.map((size) => wasm.makeOutput([size], 'float32'))
    const values = floats(wasm, x)
    let from = 0
    for (const piece of pieces) {
      const [size = 0] = piece.shape
      floats(wasm, piece).set(values.subarray(from, from + size))
      from += size
    }
    return pieces
  },
})
