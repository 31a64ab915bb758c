import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { runStandard } from './standard.js'
import type { WasmBackend } from './wasm-backend.js'

/** At most so many floats of patches at a time: the wasm heap never shrinks. */
const PATCH_FLOATS = 4_000_000

/** How many images' patches fit at a time, at least one. */
export const imagesPerPass = (batchSize: number, floatsPerImage: number): number =>
  Math.min(batchSize, Math.max(1, Math.floor(PATCH_FLOATS / floatsPerImage)))

/** The engine's own matrix product, on tensors that only a kernel sees: `a` `[m, k]`, `b` `[k, n]` → `[m, n]`. */
export const matMulOn =
  (tf: Tf, wasm: WasmBackend) =>
  (a: TensorInfo, b: TensorInfo): TensorInfo =>
    runStandard(tf, 'BatchMatMul', wasm, { a, b }, { transposeA: false, transposeB: false })
