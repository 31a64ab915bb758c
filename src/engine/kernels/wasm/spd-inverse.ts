import type { KernelConfig } from '@tensorflow/tfjs-core'
import { input } from '../inputs.js'
import { at, floats, type WasmBackend } from './wasm-backend.js'

/** Overwrites the lower triangle of `a` `[n, n]` by `L` with `a = L Lᵀ`; NaN where `a` is not positive definite. */
const factorize = (a: Float64Array, n: number): void => {
  for (let j = 0; j < n; j++) {
    const rowJ = j * n
    for (let i = j; i < n; i++) {
      const rowI = i * n
      let rest = at(a, rowI + j)
      for (let k = 0; k < j; k++) rest -= at(a, rowI + k) * at(a, rowJ + k)
      a[rowI + j] = i === j ? Math.sqrt(rest) : rest / at(a, rowJ + j)
    }
  }
}

/** `L⁻ᵀ` `[n, n]`: row j is column j of `L⁻¹`, so that the inner loops run along memory. */
const invertTransposed = (factor: Float64Array, n: number): Float64Array => {
  const inverse = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    const rowJ = j * n
    inverse[rowJ + j] = 1 / at(factor, rowJ + j)
    for (let i = j + 1; i < n; i++) {
      const rowI = i * n
      let sum = 0
      for (let k = j; k < i; k++) sum -= at(factor, rowI + k) * at(inverse, rowJ + k)
      inverse[rowJ + i] = sum / at(factor, rowI + i)
    }
  }
  return inverse
}

/** `out = L⁻ᵀ L⁻¹`, exactly symmetric. */
const gram = (inverse: Float64Array, n: number, out: Float32Array): void => {
  for (let i = 0; i < n; i++) {
    const rowI = i * n
    for (let j = 0; j <= i; j++) {
      const rowJ = j * n
      let sum = 0
      for (let k = i; k < n; k++) sum += at(inverse, rowI + k) * at(inverse, rowJ + k)
      out[rowI + j] = sum
      out[rowJ + i] = sum
    }
  }
}

/**
 * `PwoaSpdInverse`: input `a` `[…, n, n]`, symmetric positive definite; output `a⁻¹`, exactly symmetric, from
 * `a = L Lᵀ` as `a⁻¹ = L⁻ᵀ L⁻¹`, in float64 until the end. A matrix that is not positive definite gives NaN.
 */
export const spdInverse: KernelConfig = {
  kernelName: 'PwoaSpdInverse',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const wasm = backend as WasmBackend
    const { shape } = input(inputs, 'a')
    const n = shape.at(-1) ?? 0
    const out = wasm.makeOutput(shape, 'float32')
    const a = floats(wasm, input(inputs, 'a'))
    const result = floats(wasm, out)
    for (let start = 0; start < a.length; start += n * n) {
      const factor = Float64Array.from(a.subarray(start, start + n * n))
      factorize(factor, n)
      gram(invertTransposed(factor, n), n, result.subarray(start, start + n * n))
    }
    return out
  },
}
