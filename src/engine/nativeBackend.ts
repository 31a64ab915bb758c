import type { DataType, KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core'

/** An attribute of a TensorFlow op: its name, its kind (an enum of the binding) and its value. */
export interface OpAttribute {
  readonly name: string
  readonly type: number
  readonly value: number | string | boolean | readonly number[]
}

/** The part of tfjs-node's backend that runs any TensorFlow op by name. */
export interface NativeBackend extends KernelBackend {
  readonly binding: {
    readonly TF_Version: string
    readonly TF_ATTR_TYPE: number
    readonly TF_ATTR_STRING: number
    readonly TF_ATTR_BOOL: number
    readonly TF_ATTR_INT: number
    readonly TF_ATTR_FLOAT: number
    readonly TF_ATTR_SHAPE: number
    readonly TF_FLOAT: number
    readonly TF_INT32: number
  }
  /** Whether the library has found a GPU. */
  readonly isUsingGpuDevice: boolean
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly TensorInfo[]): Tensor
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[]
  /** Loads a graph from a folder, and returns its id. */
  loadSavedModelMetaGraph(folder: string, tags: string): number
  /** Runs a part of a graph. Names of inputs and outputs are `node:0`. */
  runSavedModel(
    id: number,
    inputs: readonly TensorInfo[],
    inputNames: readonly { readonly name: string }[],
    outputNames: readonly string[],
  ): Tensor[]
}

/** The type attribute `name` (usually `T`) of an op on floats or integers. */
export const typeAttribute = (backend: NativeBackend, name: string, dtype: DataType): OpAttribute => ({
  name,
  type: backend.binding.TF_ATTR_TYPE,
  value: dtype === 'int32' ? backend.binding.TF_INT32 : backend.binding.TF_FLOAT,
})

/** Numbers as scalar operands of a graph, by name; the caller disposes of them. */
export const constants = (
  backend: NativeBackend,
  values: Readonly<Record<string, number>>,
): { readonly tensors: Readonly<Record<string, TensorInfo>>; readonly dispose: () => void } => {
  const tensors = Object.entries(values).map(([name, value]): [string, TensorInfo] => [
    name,
    { dataId: backend.write(Float32Array.of(value), [], 'float32'), shape: [], dtype: 'float32' },
  ])
  return {
    tensors: Object.fromEntries(tensors),
    dispose: () => {
      for (const [, { dataId }] of tensors) backend.disposeData(dataId)
    },
  }
}
