import type { KernelConfig } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from '../../nativeBackend.js'
import { input } from '../kernels.js'

const flag = (native: NativeBackend, name: string, value: boolean) => ({
  name,
  type: native.binding.TF_ATTR_BOOL,
  value,
})

/**
 * `PwoaSpdInverse`: input `a` `[…, n, n]`, symmetric positive definite; output `a⁻¹`, exactly symmetric, from
 * `a = L Lᵀ` as `a⁻¹ = L⁻ᵀ L⁻¹`. A matrix that is not positive definite gives NaN.
 *
 * At n = 128 `MatrixInverse` is 0.1 ms faster, but its result is not symmetric, and less accurate if `a` is badly
 * conditioned.
 */
export const spdInverse: KernelConfig = {
  kernelName: 'PwoaSpdInverse',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const native = backend as NativeBackend
    const a = input(inputs, 'a')
    const n = a.shape.at(-1) ?? 0
    const type = typeAttribute(native, 'T', a.dtype)
    const ones = { dataId: native.write(new Float32Array(n).fill(1), [n], 'float32'), shape: [n], dtype: a.dtype }
    const identity = native.executeSingleOutput('MatrixDiag', [type], [ones])
    const factor = native.executeSingleOutput('Cholesky', [type], [a])
    const inverse = native.executeSingleOutput(
      'MatrixTriangularSolve',
      [type, flag(native, 'lower', true), flag(native, 'adjoint', false)],
      [factor, identity],
    )
    const product = native.executeSingleOutput(
      'BatchMatMulV2',
      [type, flag(native, 'adj_x', true), flag(native, 'adj_y', false)],
      [inverse, inverse],
    )
    native.disposeData(ones.dataId)
    for (const intermediate of [identity, factor, inverse]) intermediate.dispose()
    return product
  },
}
