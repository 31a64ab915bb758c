import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core'

/** The part of the wasm backend that our kernels use. */
export interface WasmBackend extends KernelBackend {
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo
  /** A view of the tensor in the wasm heap. It is invalid once the heap grows: allocate every output first. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array
  /** Address of a tensor's values in the wasm heap, in bytes. */
  getMemoryOffset(dataId: TensorInfo['dataId']): number
  /** Exports of the engine's own module: its heap and its allocator. */
  readonly wasm: {
    readonly asm: {
      readonly memory: unknown
      readonly malloc: (bytes: number) => number
      readonly free: (block: number) => void
    }
  }
}

/** The floats of a tensor, as a view of the wasm heap. @throws Error if it has another type */
export const floats = (backend: WasmBackend, tensor: TensorInfo): Float32Array => {
  const view = backend.typedArrayFromHeap(tensor)
  if (!(view instanceof Float32Array)) throw new Error(`expected float32, got ${tensor.dtype}`)
  return view
}

/** Address of the floats of a tensor in the wasm heap, in bytes. @throws Error if it has another type */
export const address = (backend: WasmBackend, { dataId, dtype }: TensorInfo): number => {
  if (dtype !== 'float32') throw new Error(`expected float32, got ${dtype}`)
  return backend.getMemoryOffset(dataId)
}

/** Bytes of a float32. */
export const FLOAT_BYTES = 4

/** How many elements a tensor has. */
export const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((product, size) => product * size, 1)

/** An element of a typed array; the loops that call it stay inside the array by construction. */
export const at = (values: Float32Array | Float64Array, index: number): number => values[index] as number
