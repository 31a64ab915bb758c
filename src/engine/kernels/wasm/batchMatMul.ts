import type { BatchMatMulAttrs, KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'
import { input } from '../kernels.js'
import type { WasmModule } from './module.js'
import { address, FLOAT_BYTES, type WasmBackend } from './wasmBackend.js'

/** A stack of matrices as they lie in memory. */
interface Stack {
  /** Shape of the stack: all but the last two axes. */
  readonly outer: readonly number[]
  readonly count: number
  /** Of each matrix, after the transposition that was asked for. */
  readonly rows: number
  readonly columns: number
  /** Steps from row to row and from column to column, in floats. */
  readonly row: number
  readonly column: number
}

const stackOf = ({ shape }: TensorInfo, transposed: boolean): Stack => {
  const [height = 1, width = 1] = shape.slice(-2)
  const outer = shape.slice(0, -2)
  const count = outer.reduce((product, size) => product * size, 1)
  return transposed
    ? { outer, count, rows: width, columns: height, row: 1, column: width }
    : { outer, count, rows: height, columns: width, row: width, column: 1 }
}

/**
 * `BatchMatMul`: inputs `a` `[…, m, k]` and `b` `[…, k, n]`, attributes `transposeA`, `transposeB`, output `[…, m, n]`,
 * by `assembly/matMul.ts`: the wasm engine's own kernel is slow if a matrix is transposed or stacked. It still does
 * stacks of different shapes.
 */
export const batchMatMul = (module: WasmModule, standard: KernelFunc): KernelConfig => ({
  kernelName: 'BatchMatMul',
  backendName: 'wasm',
  kernelFunc: (call) => {
    const wasm = call.backend as WasmBackend
    const { transposeA, transposeB } = call.attrs as unknown as BatchMatMulAttrs
    const [a, b] = [input(call.inputs, 'a'), input(call.inputs, 'b')]
    const [left, right] = [stackOf(a, transposeA), stackOf(b, transposeB)]
    const alike = left.outer.length === right.outer.length && left.outer.every((size, i) => size === right.outer[i])
    if (!alike || left.columns === 0) return standard(call)
    const { rows, columns } = left
    const out = wasm.makeOutput([...left.outer, rows, right.columns], 'float32')
    const [from, by, to] = [a, b, out].map((tensor) => address(wasm, tensor)) as [number, number, number]
    for (let i = 0; i < left.count; i++)
      module.matMul(
        from + i * rows * columns * FLOAT_BYTES,
        left.row,
        left.column,
        by + i * columns * right.columns * FLOAT_BYTES,
        right.row,
        right.column,
        to + i * rows * right.columns * FLOAT_BYTES,
        rows,
        columns,
        right.columns,
        0,
        -Infinity,
      )
    return out
  },
})
