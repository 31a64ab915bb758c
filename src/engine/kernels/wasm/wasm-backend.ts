import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core'

/** The part of the wasm backend that kernels written in TypeScript use. */
export interface WasmBackend extends KernelBackend {
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo
  /** A view of the tensor in the wasm heap. It dies when the heap grows: allocate every output first. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array
}

/** The floats of a tensor, as a view of the wasm heap. */
export const floats = (backend: WasmBackend, tensor: TensorInfo): Float32Array => {
  const view = backend.typedArrayFromHeap(tensor)
  if (!(view instanceof Float32Array)) throw new Error(`expected float32, got ${tensor.dtype}`)
  return view
}

/** An element of a typed array; the loops that call it stay inside the array by construction. */
export const at = (values: Float32Array | Float64Array, index: number): number => values[index] as number
